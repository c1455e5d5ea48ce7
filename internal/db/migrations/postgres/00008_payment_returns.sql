-- +goose Up
-- payment_returns: money of a payment that went back (a refund), or that the cardholder asks back at their bank (a dispute).
-- The id is Stripe's. The status of a dispute ends as won or lost, seen from here.
CREATE TABLE payment_returns (
  id text PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('refund', 'dispute')),
  invoice_id text NOT NULL,
  cents bigint NOT NULL,
  currency text NOT NULL,
  status text NOT NULL,
  at timestamptz NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE INDEX ON payment_returns (user_id, invoice_id);
CREATE INDEX ON payment_returns (at);

ALTER TABLE payment_returns ENABLE ROW LEVEL SECURITY;
ALTER TABLE payment_returns FORCE ROW LEVEL SECURITY;
REVOKE ALL ON payment_returns FROM PUBLIC, anon, authenticated;
GRANT SELECT, INSERT, UPDATE, DELETE ON payment_returns TO service_role;
CREATE POLICY service ON payment_returns TO service_role USING (true) WITH CHECK (true);
CREATE POLICY own ON payment_returns TO authenticated, repazoo_user USING (user_id = (SELECT auth.uid())) WITH CHECK (user_id = (SELECT auth.uid()));
GRANT SELECT ON payment_returns TO authenticated, repazoo_user;
