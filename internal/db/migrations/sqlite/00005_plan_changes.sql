-- +goose Up
-- The same tables and columns as migrations/postgres/00005_plan_changes.sql.

-- A change of plan that is not in force yet: which plan, what it waits for ('payment' or 'period_end'), and until when.
-- changing_until is the claim of whoever asks Stripe for a change right now.
ALTER TABLE subscriptions ADD COLUMN pending_tier TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN pending_how TEXT NOT NULL DEFAULT '' CHECK (pending_how IN ('', 'payment', 'period_end'));
ALTER TABLE subscriptions ADD COLUMN pending_at TEXT;
ALTER TABLE subscriptions ADD COLUMN changing_until TEXT;

-- billing_timeline: what happened to a plan and what was paid, a line each. The key is the same whenever the same thing is
-- heard of again.
CREATE TABLE billing_timeline (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  key TEXT NOT NULL,
  kind TEXT NOT NULL,
  at TEXT NOT NULL,
  tier TEXT NOT NULL DEFAULT '',
  from_tier TEXT NOT NULL DEFAULT '',
  cents INTEGER,
  currency TEXT NOT NULL DEFAULT '',
  until TEXT,
  created_at TEXT NOT NULL,
  UNIQUE (user_id, key)
) STRICT;

CREATE INDEX billing_timeline_user_id_at_id_idx ON billing_timeline (user_id, at DESC, id DESC);
