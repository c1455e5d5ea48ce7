-- +goose Up
-- Of a plan: until when its trial runs or ran, and whether there is nothing to charge.
ALTER TABLE subscriptions ADD COLUMN trial_end timestamptz;
ALTER TABLE subscriptions ADD COLUMN no_card boolean NOT NULL DEFAULT FALSE;

-- What a line of the story also says: of a discount, of tax.
ALTER TABLE billing_timeline ADD COLUMN note text NOT NULL DEFAULT '';

-- trials_spent: keyed hashes of the X accounts of users who erased themselves after a plan, so that none of them begins
-- with a trial again. Without the server's key a mark leads to nobody.
CREATE TABLE trials_spent (
  mark text PRIMARY KEY,
  spent_at timestamptz NOT NULL
);

ALTER TABLE trials_spent ENABLE ROW LEVEL SECURITY;
ALTER TABLE trials_spent FORCE ROW LEVEL SECURITY;
REVOKE ALL ON trials_spent FROM PUBLIC, anon, authenticated;
GRANT SELECT, INSERT, UPDATE, DELETE ON trials_spent TO service_role;
CREATE POLICY service ON trials_spent TO service_role USING (true) WITH CHECK (true);
