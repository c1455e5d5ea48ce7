-- +goose Up
-- The same as migrations/postgres/00024_shares.sql.
CREATE TABLE shares (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  analysis_id TEXT NOT NULL REFERENCES analyses ON DELETE CASCADE,
  token_hash TEXT NOT NULL UNIQUE,
  purpose TEXT NOT NULL,
  sections TEXT NOT NULL,
  note TEXT NOT NULL DEFAULT '',
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  revoked_at TEXT,
  opened INTEGER NOT NULL DEFAULT 0,
  last_opened_at TEXT
) STRICT;
CREATE INDEX shares_user_id_created_at_id_idx ON shares (user_id, created_at DESC, id DESC);
CREATE INDEX shares_analysis_id_idx ON shares (analysis_id);
CREATE INDEX shares_expires_at_idx ON shares (expires_at);

CREATE TABLE share_views (
  id TEXT PRIMARY KEY NOT NULL,
  share_id TEXT NOT NULL REFERENCES shares ON DELETE CASCADE,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  at TEXT NOT NULL,
  network TEXT NOT NULL DEFAULT '',
  device TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX share_views_share_id_at_id_idx ON share_views (share_id, at DESC, id DESC);
CREATE INDEX share_views_user_id_idx ON share_views (user_id);
