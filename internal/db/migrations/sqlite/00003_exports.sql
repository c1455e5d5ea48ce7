-- +goose Up
-- The same tables and columns as migrations/postgres/00003_exports.sql.

-- exports: a person's wish for a copy of what is kept about them. The package itself is made while it is fetched.
CREATE TABLE exports (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  status TEXT NOT NULL CHECK (status IN ('queued', 'ready', 'failed')),
  bytes INTEGER NOT NULL DEFAULT 0,
  fetched INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL,
  tried_at TEXT NOT NULL,
  ready_at TEXT,
  expires_at TEXT
) STRICT;

-- erasures: users on their way out; with locked_at nothing of theirs works any more. The row goes with its user.
CREATE TABLE erasures (
  user_id TEXT PRIMARY KEY NOT NULL REFERENCES users ON DELETE CASCADE,
  asked_at TEXT NOT NULL,
  tried_at TEXT NOT NULL,
  locked_at TEXT
) STRICT;

-- billing_records: what tax law asks for of an erased subscriber: the ids under which Stripe keeps the invoices, which
-- plan it was, and from when to when. Nothing here leads to a person without Stripe.
CREATE TABLE billing_records (
  id TEXT PRIMARY KEY NOT NULL,
  stripe_customer_id TEXT NOT NULL,
  stripe_subscription_id TEXT NOT NULL,
  tier TEXT NOT NULL,
  started_at TEXT NOT NULL,
  ended_at TEXT NOT NULL
) STRICT;

ALTER TABLE consents ADD COLUMN withdrawn_at TEXT;

CREATE UNIQUE INDEX exports_under_way ON exports (user_id) WHERE status = 'queued'; -- one at a time
CREATE INDEX exports_user_id_created_at_idx ON exports (user_id, created_at);
CREATE INDEX exports_created_at_idx ON exports (created_at);
CREATE INDEX billing_records_stripe_customer_id_idx ON billing_records (stripe_customer_id);
CREATE INDEX stripe_events_customer_idx ON stripe_events (payload -> 'data' -> 'object' ->> 'customer');

-- The audit log takes lines and gives them. The one change it allows is to take out where an erased person called from.
DROP TRIGGER audit_log_keeps_update;
-- +goose StatementBegin
CREATE TRIGGER audit_log_keeps_update BEFORE UPDATE ON audit_log
WHEN NOT (NEW.ip = '' AND NEW.user_agent = '' AND NEW.request_id = ''
  AND NEW.id IS OLD.id AND NEW.user_id IS OLD.user_id AND NEW.actor IS OLD.actor AND NEW.action IS OLD.action
  AND NEW.resource IS OLD.resource AND NEW.detail IS OLD.detail AND NEW.created_at IS OLD.created_at
  AND EXISTS (SELECT 1 FROM erasures e WHERE e.user_id = OLD.user_id AND e.locked_at IS NOT NULL))
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
