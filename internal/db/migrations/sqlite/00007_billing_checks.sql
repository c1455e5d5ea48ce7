-- +goose Up
-- The same as migrations/postgres/00007_billing_checks.sql.
CREATE TABLE stripe_sweeps (
  name TEXT PRIMARY KEY NOT NULL,
  swept_until TEXT NOT NULL
) STRICT;

CREATE TABLE subscription_changes (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  changed_at TEXT NOT NULL,
  tier TEXT NOT NULL,
  status TEXT NOT NULL,
  monthly_cents INTEGER NOT NULL
) STRICT;
CREATE INDEX subscription_changes_user_id_changed_at_id_idx ON subscription_changes (user_id, changed_at, id);
