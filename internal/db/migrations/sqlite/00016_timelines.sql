-- +goose Up
-- The same as migrations/postgres/00016_timelines.sql.
CREATE TABLE timelines (
  account_id TEXT PRIMARY KEY NOT NULL REFERENCES x_accounts ON DELETE CASCADE,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  analysis_id TEXT,
  runner TEXT,
  reserved INTEGER NOT NULL DEFAULT 0 CHECK (reserved >= 0),
  reserved_in TEXT,
  read_at TEXT,
  end_id INTEGER NOT NULL DEFAULT 0,
  checked_at TEXT,
  gone INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX timelines_user_id_idx ON timelines (user_id);

CREATE TABLE timeline_spans (
  account_id TEXT NOT NULL REFERENCES x_accounts ON DELETE CASCADE,
  last_id INTEGER NOT NULL,
  first_id INTEGER NOT NULL,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  expires_at TEXT NOT NULL,
  PRIMARY KEY (account_id, last_id)
) STRICT;
CREATE INDEX timeline_spans_user_id_idx ON timeline_spans (user_id);
CREATE INDEX timeline_spans_expires_at_idx ON timeline_spans (expires_at);

CREATE INDEX posts_user_id_posted_at_post_id_idx ON posts (user_id, posted_at DESC, post_id DESC);
DROP INDEX posts_user_id_idx;
