-- +goose Up
-- The same as migrations/postgres/00018_notice_mutes.sql.
CREATE TABLE notice_mutes (
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  kind TEXT NOT NULL,
  way TEXT NOT NULL CHECK (way IN ('page', 'mail')),
  created_at TEXT NOT NULL,
  PRIMARY KEY (user_id, kind, way)
) STRICT;
