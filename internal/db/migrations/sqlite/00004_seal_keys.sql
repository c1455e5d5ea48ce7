-- +goose Up
-- The same as migrations/postgres/00004_seal_keys.sql.
CREATE TABLE seal_keys (
  key_id TEXT PRIMARY KEY NOT NULL,
  created_at TEXT NOT NULL,
  last_used_at TEXT
) STRICT;

DELETE FROM verdicts;
