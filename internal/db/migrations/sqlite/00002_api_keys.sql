-- +goose Up
-- api_keys: a program's way in. Hashes only; after a rotation the secret before it is good until old_until.
CREATE TABLE api_keys (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  name TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  hint TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  last_used_at TEXT,
  rotated_at TEXT,
  old_hash TEXT UNIQUE,
  old_until TEXT,
  old_used_at TEXT
) STRICT;

CREATE INDEX api_keys_user_id_created_at_idx ON api_keys (user_id, created_at);
CREATE INDEX api_keys_expires_at_idx ON api_keys (expires_at);
CREATE INDEX audit_log_created_at_id_idx ON audit_log (created_at, id); -- administrators read every user's lines

-- INSERT OR REPLACE deletes the line that is in its way without asking the triggers on DELETE.
-- +goose StatementBegin
CREATE TRIGGER audit_log_keeps_replace BEFORE INSERT ON audit_log
WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = NEW.id OR rowid = NEW.rowid)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
