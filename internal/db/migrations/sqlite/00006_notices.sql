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
  mailed_at TEXT,
  UNIQUE (user_id, kind, subject)
) STRICT;

CREATE INDEX notices_user_id_created_at_id_idx ON notices (user_id, created_at, id);
CREATE INDEX notices_created_at_idx ON notices (created_at);
CREATE INDEX subscriptions_entitled_until_idx ON subscriptions (entitled_until) WHERE status = 'past_due'; -- whose grace ends

-- webhook_endpoints: addresses of a user's own that hear of their notices; the secret that signs is sealed.
CREATE TABLE webhook_endpoints (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  url TEXT NOT NULL,
  secret BLOB NOT NULL,
  kinds TEXT NOT NULL,
  created_at TEXT NOT NULL,
  failing_since TEXT,
  disabled_at TEXT
) STRICT;

-- webhook_deliveries: what became of telling an endpoint of a notice; round is how often it was asked for again.
CREATE TABLE webhook_deliveries (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints ON DELETE CASCADE,
  notice_id TEXT REFERENCES notices ON DELETE CASCADE,
  kind TEXT NOT NULL,
  message_id TEXT NOT NULL,
  payload TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('waiting', 'delivered', 'failed')),
  attempts INTEGER NOT NULL DEFAULT 0,
  round INTEGER NOT NULL DEFAULT 0,
  code INTEGER,
  trouble TEXT NOT NULL DEFAULT '',
  created_at TEXT NOT NULL,
  tried_at TEXT,
  next_try_at TEXT,
  UNIQUE (endpoint_id, notice_id)
) STRICT;

CREATE INDEX webhook_endpoints_user_id_created_at_idx ON webhook_endpoints (user_id, created_at);
CREATE INDEX webhook_deliveries_user_id_idx ON webhook_deliveries (user_id);
CREATE INDEX webhook_deliveries_endpoint_id_created_at_id_idx ON webhook_deliveries (endpoint_id, created_at, id);
CREATE INDEX webhook_deliveries_notice_id_idx ON webhook_deliveries (notice_id);
CREATE INDEX webhook_deliveries_created_at_idx ON webhook_deliveries (created_at);

-- email_confirmations: an address that waits for its user to follow the link that was mailed there; the link's token is
-- hashed. The row stays, so that nobody is sent too many.
ALTER TABLE users ADD COLUMN email_confirmed_at TEXT;
CREATE TABLE email_confirmations (
  user_id TEXT PRIMARY KEY NOT NULL REFERENCES users ON DELETE CASCADE,
  email TEXT,
  token_hash TEXT UNIQUE,
  asked_at TEXT NOT NULL,
  day_began_at TEXT NOT NULL,
  asked_today INTEGER NOT NULL,
  expires_at TEXT NOT NULL
) STRICT;
