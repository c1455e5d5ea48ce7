-- +goose Up
-- notices: what a person is told of their plan. One row a fact, whoever finds it first and however often.
CREATE TABLE notices (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  kind text NOT NULL,
  subject text NOT NULL,
  data jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  read_at timestamptz,
  UNIQUE (user_id, kind, subject)
);

CREATE INDEX ON notices (user_id, created_at, id);
CREATE INDEX ON notices (created_at);
CREATE INDEX ON subscriptions (entitled_until) WHERE status = 'past_due'; -- whose grace ends

ALTER TABLE notices ENABLE ROW LEVEL SECURITY;
ALTER TABLE notices FORCE ROW LEVEL SECURITY;
REVOKE ALL ON notices FROM PUBLIC, anon, authenticated;
GRANT SELECT, INSERT, UPDATE, DELETE ON notices TO service_role;
CREATE POLICY service ON notices TO service_role USING (true) WITH CHECK (true);
CREATE POLICY own ON notices TO authenticated, repazoo_user USING (user_id = (SELECT auth.uid())) WITH CHECK (user_id = (SELECT auth.uid()));
GRANT SELECT ON notices TO authenticated, repazoo_user;
GRANT INSERT, UPDATE (read_at) ON notices TO repazoo_user; -- whoever starts the last analysis of a period writes that it was
