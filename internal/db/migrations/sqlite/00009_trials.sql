-- +goose Up
-- The same tables and columns as migrations/postgres/00009_trials.sql.

-- Of a plan: until when its trial runs or ran, and whether there is nothing to charge.
ALTER TABLE subscriptions ADD COLUMN trial_end TEXT;
ALTER TABLE subscriptions ADD COLUMN no_card INTEGER NOT NULL DEFAULT 0;

-- What a line of the story also says: of a discount, of tax.
ALTER TABLE billing_timeline ADD COLUMN note TEXT NOT NULL DEFAULT '';

-- trials_spent: keyed hashes of the X accounts of users who erased themselves after a plan, so that none of them begins
-- with a trial again. Without the server's key a mark leads to nobody.
CREATE TABLE trials_spent (
  mark TEXT PRIMARY KEY NOT NULL,
  spent_at TEXT NOT NULL
) STRICT;
