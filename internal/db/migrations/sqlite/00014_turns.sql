-- +goose Up
-- The same as migrations/postgres/00014_turns.sql.
ALTER TABLE analyses ADD COLUMN turn TEXT;
ALTER TABLE analyses ADD COLUMN wait_until TEXT;
ALTER TABLE analyses ADD COLUMN waiting_for TEXT NOT NULL DEFAULT '';
ALTER TABLE analyses ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
CREATE INDEX analyses_turn_idx ON analyses (COALESCE(turn, created_at)) WHERE status IN ('queued', 'running');
CREATE INDEX analyses_unfinished_idx ON analyses (user_id) WHERE status IN ('queued', 'running');

CREATE TABLE job_workers (
  id TEXT PRIMARY KEY NOT NULL,
  seen_at TEXT NOT NULL
) STRICT;
