-- +goose Up
-- notice_mutes: what a person does not want to be told, by kind of notice and by way. Everything else is told, so that a kind
-- that comes with a later version is not missed.
CREATE TABLE notice_mutes (
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  kind text NOT NULL,
  way text NOT NULL CHECK (way IN ('page', 'mail')),
  created_at timestamptz NOT NULL,
  PRIMARY KEY (user_id, kind, way)
);

ALTER TABLE notice_mutes ENABLE ROW LEVEL SECURITY;
ALTER TABLE notice_mutes FORCE ROW LEVEL SECURITY;
REVOKE ALL ON notice_mutes FROM PUBLIC, anon, authenticated;
GRANT SELECT, INSERT, UPDATE, DELETE ON notice_mutes TO service_role;
CREATE POLICY service ON notice_mutes TO service_role USING (true) WITH CHECK (true);
CREATE POLICY own ON notice_mutes TO authenticated, repazoo_user USING (user_id = (SELECT auth.uid())) WITH CHECK (user_id = (SELECT auth.uid()));
GRANT SELECT ON notice_mutes TO authenticated, repazoo_user;
