-- +goose Up
-- The same tables and columns as migrations/postgres/00001_initial.sql; a test compares them.
-- Times are TEXT in UTC with microseconds, uuids TEXT, booleans INTEGER, JSON TEXT.

-- users: what a person is to Repazoo; X accounts prove who they are.
CREATE TABLE users (
  id TEXT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  email TEXT,
  role TEXT NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;

-- x_accounts: an X account belongs to at most one user; the row outlives an unlinking so that reconnecting updates it.
CREATE TABLE x_accounts (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  x_user_id TEXT NOT NULL UNIQUE,
  handle TEXT NOT NULL,
  name TEXT NOT NULL,
  avatar_url TEXT,
  scopes TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('active', 'reconnect', 'revoked')),
  tokens BLOB,
  token_expires_at TEXT,
  refreshing_until TEXT,
  linked_at TEXT NOT NULL,
  last_sync_at TEXT,
  updated_at TEXT NOT NULL
) STRICT;

-- oauth_states: a sign-in under way; deleted as it is read.
CREATE TABLE oauth_states (
  state_hash TEXT PRIMARY KEY NOT NULL,
  browser_hash TEXT NOT NULL,
  purpose TEXT NOT NULL CHECK (purpose IN ('sign_in', 'link')),
  user_id TEXT REFERENCES users ON DELETE CASCADE,
  verifier BLOB NOT NULL,
  redirect_uri TEXT NOT NULL,
  return_to TEXT NOT NULL,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL
) STRICT;

-- sessions: one signed-in browser or program.
CREATE TABLE sessions (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  device TEXT NOT NULL,
  ip TEXT NOT NULL,
  created_at TEXT NOT NULL,
  last_used_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  revoked_at TEXT,
  revoked_why TEXT
) STRICT;

-- refresh_tokens: hashes only; a session's tokens are one family.
CREATE TABLE refresh_tokens (
  hash TEXT PRIMARY KEY NOT NULL,
  session_id TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  used_at TEXT,
  successor BLOB
) STRICT;

-- consents: what a person agreed to, in which words, from which session.
CREATE TABLE consents (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  kind TEXT NOT NULL,
  version TEXT NOT NULL,
  session_id TEXT,
  created_at TEXT NOT NULL
) STRICT;

-- audit_log: append-only; no foreign key, because a line outlives its user.
CREATE TABLE audit_log (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  resource TEXT NOT NULL,
  ip TEXT NOT NULL,
  user_agent TEXT NOT NULL,
  request_id TEXT NOT NULL,
  detail TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;

-- subscriptions: the mirror of what the payment provider says; one a user for ever.
CREATE TABLE subscriptions (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL UNIQUE REFERENCES users ON DELETE CASCADE,
  stripe_customer_id TEXT NOT NULL,
  stripe_subscription_id TEXT UNIQUE,
  tier TEXT NOT NULL,
  status TEXT NOT NULL,
  period_start TEXT,
  period_end TEXT,
  entitled_until TEXT,
  cancel_at_period_end INTEGER NOT NULL DEFAULT FALSE,
  cancel_at TEXT,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;

-- quota_periods: the ledger; one row a user and period, changed only by conditional statements.
CREATE TABLE quota_periods (
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  period_start TEXT NOT NULL,
  period_end TEXT NOT NULL,
  entitled_until TEXT NOT NULL,
  tier TEXT NOT NULL,
  quota INTEGER NOT NULL,
  reserved INTEGER NOT NULL DEFAULT 0 CHECK (reserved >= 0),
  used INTEGER NOT NULL DEFAULT 0 CHECK (used >= 0),
  reads_limit INTEGER NOT NULL,
  reads_used INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, period_start)
) STRICT;

-- stripe_events: the inbox of webhooks; nothing is dropped.
CREATE TABLE stripe_events (
  id TEXT PRIMARY KEY NOT NULL,
  type TEXT NOT NULL,
  object_id TEXT NOT NULL,
  payload TEXT NOT NULL,
  received_at TEXT NOT NULL,
  handled_at TEXT,
  ignored INTEGER NOT NULL DEFAULT FALSE,
  attempts INTEGER NOT NULL DEFAULT 0,
  last_error TEXT
) STRICT;

-- archives: an uploaded X archive; the file itself is not kept.
CREATE TABLE archives (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  x_user_id TEXT NOT NULL,
  handle TEXT NOT NULL,
  posts INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL
) STRICT;

-- analyses: one run; lease_until and runner say which process works on it.
CREATE TABLE analyses (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  account_id TEXT REFERENCES x_accounts ON DELETE CASCADE,
  archive_id TEXT REFERENCES archives ON DELETE CASCADE,
  handle TEXT NOT NULL,
  purpose TEXT NOT NULL,
  max_posts INTEGER NOT NULL,
  since TEXT,
  tier TEXT NOT NULL,
  model TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
  stage TEXT NOT NULL,
  done INTEGER NOT NULL DEFAULT 0,
  total INTEGER NOT NULL DEFAULT 0,
  findings INTEGER NOT NULL DEFAULT 0,
  event_seq INTEGER NOT NULL DEFAULT 0,
  x_reads INTEGER NOT NULL DEFAULT 0,
  score REAL,
  level TEXT,
  error_code TEXT,
  error_message TEXT,
  period_start TEXT,
  runner TEXT,
  lease_until TEXT,
  attempts INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL,
  started_at TEXT,
  finished_at TEXT
) STRICT;

-- reports: the sealed report of a completed run.
CREATE TABLE reports (
  analysis_id TEXT PRIMARY KEY NOT NULL REFERENCES analyses ON DELETE CASCADE,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  sealed BLOB NOT NULL,
  created_at TEXT NOT NULL
) STRICT;

-- dismissals: a finding's id is the same in every run, so a dismissal sticks.
CREATE TABLE dismissals (
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  finding_id TEXT NOT NULL,
  why TEXT NOT NULL,
  created_at TEXT NOT NULL,
  PRIMARY KEY (user_id, finding_id)
) STRICT;

-- posts: raw posts, sealed, kept only with consent and not for long; collection is an account's or an archive's id.
CREATE TABLE posts (
  collection_id TEXT NOT NULL,
  post_id TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  posted_at TEXT NOT NULL,
  sealed BLOB NOT NULL,
  fetched_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  PRIMARY KEY (collection_id, post_id)
) STRICT;

-- verdicts: what the model said of a text, by a keyed hash of text and versions.
CREATE TABLE verdicts (
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  key TEXT NOT NULL,
  sealed BLOB NOT NULL,
  created_at TEXT NOT NULL,
  PRIMARY KEY (user_id, key)
) STRICT;

-- idempotency_keys: the stored answer of a request that spends, for a day.
CREATE TABLE idempotency_keys (
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  key TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  status INTEGER,
  headers TEXT,
  body BLOB,
  created_at TEXT NOT NULL,
  PRIMARY KEY (user_id, key)
) STRICT;

CREATE INDEX x_accounts_user_id_idx ON x_accounts (user_id);
CREATE INDEX oauth_states_expires_at_idx ON oauth_states (expires_at);
CREATE INDEX sessions_user_id_created_at_idx ON sessions (user_id, created_at);
CREATE INDEX refresh_tokens_session_id_idx ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_expires_at_idx ON refresh_tokens (expires_at);
CREATE INDEX consents_user_id_kind_idx ON consents (user_id, kind);
CREATE INDEX audit_log_user_id_created_at_id_idx ON audit_log (user_id, created_at, id);
CREATE INDEX subscriptions_stripe_customer_id_idx ON subscriptions (stripe_customer_id);
CREATE INDEX stripe_events_received_at_idx ON stripe_events (received_at);
CREATE INDEX archives_user_id_idx ON archives (user_id);
CREATE INDEX analyses_user_id_created_at_id_idx ON analyses (user_id, created_at DESC, id DESC);
CREATE INDEX analyses_account_id_idx ON analyses (account_id);
CREATE INDEX analyses_archive_id_idx ON analyses (archive_id);
CREATE INDEX analyses_lease_until_idx ON analyses (lease_until) WHERE status = 'running';
CREATE INDEX reports_user_id_idx ON reports (user_id);
CREATE INDEX posts_user_id_idx ON posts (user_id);
CREATE INDEX posts_expires_at_idx ON posts (expires_at);
CREATE INDEX verdicts_created_at_idx ON verdicts (created_at);
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);

-- +goose StatementBegin
CREATE TRIGGER audit_log_keeps_update BEFORE UPDATE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_log_keeps_delete BEFORE DELETE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
