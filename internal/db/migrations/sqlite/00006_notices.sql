-- +goose Up
-- The same tables and columns as migrations/postgres/00006_notices.sql.

-- notices: what a person is told of their plan. One row a fact, whoever finds it first and however often.
CREATE TABLE notices (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  data TEXT NOT NULL,
  created_at TEXT NOT NULL,
  read_at TEXT,
  UNIQUE (user_id, kind, subject)
) STRICT;

CREATE INDEX notices_user_id_created_at_id_idx ON notices (user_id, created_at, id);
CREATE INDEX notices_created_at_idx ON notices (created_at);
CREATE INDEX subscriptions_entitled_until_idx ON subscriptions (entitled_until) WHERE status = 'past_due'; -- whose grace ends
