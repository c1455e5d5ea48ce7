-- +goose Up
-- The same as migrations/postgres/00022_cleanups.sql.
CREATE TABLE cleanups (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  account_id TEXT NOT NULL REFERENCES x_accounts ON DELETE CASCADE,
  analysis_id TEXT REFERENCES analyses ON DELETE SET NULL,
  handle TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('draft', 'frozen', 'running', 'paused', 'stopped', 'done', 'ended')),
  signature TEXT NOT NULL DEFAULT '',
  score_before REAL,
  score_after REAL,
  waiting_for TEXT NOT NULL DEFAULT '',
  wait_until TEXT,
  tries INTEGER NOT NULL DEFAULT 0,
  why_code TEXT NOT NULL DEFAULT '',
  why TEXT NOT NULL DEFAULT '',
  runner TEXT NOT NULL DEFAULT '',
  lease_until TEXT,
  receipt BLOB,
  created_at TEXT NOT NULL,
  frozen_at TEXT,
  backup_at TEXT,
  consent_at TEXT,
  started_at TEXT,
  finished_at TEXT,
  expires_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX cleanups_open ON cleanups (account_id) WHERE state NOT IN ('done', 'ended');
CREATE INDEX cleanups_user_id_created_at_id_idx ON cleanups (user_id, created_at DESC, id DESC);
CREATE INDEX cleanups_analysis_id_idx ON cleanups (analysis_id);
CREATE INDEX cleanups_expires_at_idx ON cleanups (expires_at);

CREATE TABLE cleanup_posts (
  cleanup_id TEXT NOT NULL REFERENCES cleanups ON DELETE CASCADE,
  post_id TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  place INTEGER NOT NULL,
  sealed BLOB,
  outcome TEXT NOT NULL DEFAULT '' CHECK (outcome IN ('', 'asked', 'deleted', 'gone', 'changed', 'foreign', 'hidden', 'kept')),
  asks INTEGER NOT NULL DEFAULT 0,
  asked_at TEXT,
  done_at TEXT,
  ticked_at TEXT,
  seen_at TEXT,
  counted INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (cleanup_id, post_id)
) STRICT;
CREATE INDEX cleanup_posts_user_id_idx ON cleanup_posts (user_id);

CREATE TABLE x_leaves (
  account_id TEXT PRIMARY KEY NOT NULL REFERENCES x_accounts ON DELETE CASCADE,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  tokens BLOB NOT NULL,
  token_expires_at TEXT NOT NULL,
  given_at TEXT NOT NULL,
  ends_at TEXT NOT NULL
) STRICT;
CREATE INDEX x_leaves_user_id_idx ON x_leaves (user_id);

ALTER TABLE oauth_states ADD COLUMN leave_for TEXT;
