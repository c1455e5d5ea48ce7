-- +goose Up
-- shares: links by which somebody without an account reads a report. Only the hash of a link's secret is kept. sections
-- are the parts that it shows, apart by spaces. A link goes with its report.
CREATE TABLE shares (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  analysis_id uuid NOT NULL REFERENCES analyses ON DELETE CASCADE,
  token_hash text NOT NULL UNIQUE,
  purpose text NOT NULL,
  sections text NOT NULL,
  note text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  opened bigint NOT NULL DEFAULT 0,
  last_opened_at timestamptz
);
CREATE INDEX ON shares (user_id, created_at DESC, id DESC);
CREATE INDEX ON shares (analysis_id);
CREATE INDEX ON shares (expires_at);

-- share_views: the newest openings of a link. network is an address without its last parts, device a kind of browser.
CREATE TABLE share_views (
  id uuid PRIMARY KEY,
  share_id uuid NOT NULL REFERENCES shares ON DELETE CASCADE,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  at timestamptz NOT NULL,
  network text NOT NULL DEFAULT '',
  device text NOT NULL DEFAULT ''
);
CREATE INDEX ON share_views (share_id, at DESC, id DESC);
CREATE INDEX ON share_views (user_id);

-- +goose StatementBegin
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['shares', 'share_views'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('REVOKE ALL ON %I FROM PUBLIC, anon, authenticated', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO service_role', t);
    EXECUTE format('CREATE POLICY service ON %I TO service_role USING (true) WITH CHECK (true)', t);
  END LOOP;
END $$;
-- +goose StatementEnd
CREATE POLICY own ON shares TO authenticated, repazoo_user USING (user_id = (SELECT auth.uid())) WITH CHECK (user_id = (SELECT auth.uid()));
CREATE POLICY own ON share_views TO authenticated, repazoo_user USING (user_id = (SELECT auth.uid())) WITH CHECK (user_id = (SELECT auth.uid()));
GRANT SELECT (id, user_id, analysis_id, purpose, sections, note, created_at, expires_at, revoked_at, opened, last_opened_at)
  ON shares TO repazoo_user;
GRANT SELECT ON share_views TO repazoo_user;
