-- +goose Up
-- stripe_sweeps: until when Stripe's list of events was read for events whose webhooks were lost. One row.
CREATE TABLE stripe_sweeps (
  name text PRIMARY KEY,
  swept_until timestamptz NOT NULL
);

-- subscription_changes: what a subscription was worth from when on, for figures over time. Append-only in practice; it goes with its user.
CREATE TABLE subscription_changes (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  changed_at timestamptz NOT NULL,
  tier text NOT NULL,
  status text NOT NULL,
  monthly_cents integer NOT NULL
);
CREATE INDEX ON subscription_changes (user_id, changed_at, id);

-- +goose StatementBegin
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['stripe_sweeps', 'subscription_changes'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('REVOKE ALL ON %I FROM PUBLIC, anon, authenticated', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO service_role', t);
    EXECUTE format('CREATE POLICY service ON %I TO service_role USING (true) WITH CHECK (true)', t);
  END LOOP;
END $$;
-- +goose StatementEnd
