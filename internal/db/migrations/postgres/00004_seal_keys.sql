-- +goose Up
-- seal_keys: which keys sealed data may need to be opened, by their ids; the keys themselves
-- are not in the database. last_used_at is when a running process last said it seals with one.
CREATE TABLE seal_keys (
  key_id text PRIMARY KEY,
  created_at timestamptz NOT NULL,
  last_used_at timestamptz
);
ALTER TABLE seal_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE seal_keys FORCE ROW LEVEL SECURITY;
REVOKE ALL ON seal_keys FROM PUBLIC, anon, authenticated;
GRANT SELECT, INSERT, UPDATE, DELETE ON seal_keys TO service_role;
CREATE POLICY service ON seal_keys TO service_role USING (true) WITH CHECK (true);

-- Verdicts are bound to the key of their row from now on, so that they can be sealed again
-- under another secret. Those of before cannot; they only spare a question to the model.
-- The owner is bound by the policies too, so this runs as the role that sees all.
SET LOCAL ROLE service_role;
DELETE FROM verdicts;
RESET ROLE;
