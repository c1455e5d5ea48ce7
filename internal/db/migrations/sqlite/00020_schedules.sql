-- +goose Up
-- The same as migrations/postgres/00020_schedules.sql.
CREATE TABLE schedules (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  account_id TEXT NOT NULL UNIQUE REFERENCES x_accounts ON DELETE CASCADE,
  every TEXT NOT NULL CHECK (every IN ('daily', 'weekly', 'monthly')),
  weekday INTEGER NOT NULL,
  day INTEGER NOT NULL,
  minute INTEGER NOT NULL,
  zone TEXT NOT NULL,
  purpose TEXT NOT NULL,
  max_cost_cents INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  next_at TEXT NOT NULL,
  due_at TEXT,
  last_at TEXT,
  last_id TEXT,
  awaits_id TEXT,
  failures INTEGER NOT NULL DEFAULT 0,
  skipped TEXT NOT NULL DEFAULT '',
  paused_at TEXT,
  paused_why TEXT NOT NULL DEFAULT '',
  digest_at TEXT NOT NULL
) STRICT;
CREATE INDEX schedules_user_id_created_at_id_idx ON schedules (user_id, created_at, id);
CREATE INDEX schedules_next_at_idx ON schedules (next_at) WHERE paused_at IS NULL;
CREATE INDEX schedules_digest_at_idx ON schedules (digest_at);
CREATE INDEX schedules_awaits_id_idx ON schedules (awaits_id) WHERE awaits_id IS NOT NULL;

ALTER TABLE analyses ADD COLUMN scheduled TEXT NOT NULL DEFAULT '';
ALTER TABLE analyses ADD COLUMN keep_until TEXT;
ALTER TABLE verdicts ADD COLUMN keep_until TEXT;
