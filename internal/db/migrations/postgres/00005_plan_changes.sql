-- +goose Up
-- A change of plan that is not in force yet: which plan, what it waits for ('payment' or 'period_end'), and until when.
-- changing_until is the claim of whoever asks Stripe for a change right now.
ALTER TABLE subscriptions ADD COLUMN pending_tier text NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN pending_how text NOT NULL DEFAULT '' CHECK (pending_how IN ('', 'payment', 'period_end'));
ALTER TABLE subscriptions ADD COLUMN pending_at timestamptz;
ALTER TABLE subscriptions ADD COLUMN changing_until timestamptz;

-- billing_timeline: what happened to a plan and what was paid, a line each. The key is the same whenever the same thing is
-- heard of again.
CREATE TABLE billing_timeline (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  key text NOT NULL,
  kind text NOT NULL,
  at timestamptz NOT NULL,
  tier text NOT NULL DEFAULT '',
  from_tier text NOT NULL DEFAULT '',
  cents bigint,
  currency text NOT NULL DEFAULT '',
  until timestamptz,
  created_at timestamptz NOT NULL,
  UNIQUE (user_id, key)
);

CREATE INDEX ON billing_timeline (user_id, at DESC, id DESC);

ALTER TABLE billing_timeline ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_timeline FORCE ROW LEVEL SECURITY;
REVOKE ALL ON billing_timeline FROM PUBLIC, anon, authenticated;
GRANT SELECT, INSERT, UPDATE, DELETE ON billing_timeline TO service_role;
CREATE POLICY service ON billing_timeline TO service_role USING (true) WITH CHECK (true);
CREATE POLICY own ON billing_timeline TO authenticated, repazoo_user USING (user_id = (SELECT auth.uid())) WITH CHECK (user_id = (SELECT auth.uid()));
GRANT SELECT ON billing_timeline TO authenticated, repazoo_user;
