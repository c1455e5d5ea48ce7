-- +goose Up
-- api_keys: a program's way in. Hashes only; after a rotation the secret before it is good until old_until.
CREATE TABLE api_keys (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  name text NOT NULL,
  hash text NOT NULL UNIQUE,
  hint text NOT NULL,
  scopes text NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  last_used_at timestamptz,
  rotated_at timestamptz,
  old_hash text UNIQUE,
  old_until timestamptz,
  old_used_at timestamptz
);

CREATE INDEX ON api_keys (user_id, created_at);
CREATE INDEX ON api_keys (expires_at);
CREATE INDEX ON audit_log (created_at, id); -- administrators read every user's lines

ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_keys FORCE ROW LEVEL SECURITY;
REVOKE ALL ON api_keys FROM PUBLIC, anon, authenticated;
GRANT SELECT, INSERT, UPDATE, DELETE ON api_keys TO service_role;
CREATE POLICY service ON api_keys TO service_role USING (true) WITH CHECK (true);
CREATE POLICY own ON api_keys TO authenticated, repazoo_user USING (user_id = (SELECT auth.uid())) WITH CHECK (user_id = (SELECT auth.uid()));
GRANT SELECT (id, user_id, name, hint, scopes, created_at, expires_at, last_used_at, rotated_at, old_until, old_used_at) ON api_keys TO authenticated, repazoo_user;
