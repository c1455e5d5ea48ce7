-- +goose Up
-- The same as migrations/postgres/00026_model_batches.sql.
ALTER TABLE analyses ADD COLUMN within_a_day INTEGER NOT NULL DEFAULT 0;
ALTER TABLE analyses ADD COLUMN wait_by TEXT;

CREATE TABLE model_batches (
  analysis_id TEXT PRIMARY KEY NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('sending', 'sent', 'taken')),
  model TEXT NOT NULL,
  prefix TEXT NOT NULL,
  requests INTEGER NOT NULL,
  sealed BLOB,
  provider_id TEXT NOT NULL DEFAULT '',
  used TEXT NOT NULL DEFAULT '{}',
  polls INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL,
  send_by TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  next_look TEXT NOT NULL
) STRICT;
CREATE INDEX model_batches_next_look_idx ON model_batches (next_look);
