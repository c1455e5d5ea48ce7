-- +goose Up
-- notices: what a person is told of their plan. One row a fact, whoever finds it first and however often.
CREATE TABLE notices (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  kind text NOT NULL,
  subject text NOT NULL,
  data jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  read_at timestamptz,
  mailed_at timestamptz,
  UNIQUE (user_id, kind, subject)
);

CREATE INDEX ON notices (user_id, created_at, id);
CREATE INDEX ON notices (created_at);
CREATE INDEX ON subscriptions (entitled_until) WHERE status = 'past_due'; -- whose grace ends

ALTER TABLE notices ENABLE ROW LEVEL SECURITY;
ALTER TABLE notices FORCE ROW LEVEL SECURITY;
REVOKE ALL ON notices FROM PUBLIC, anon, authenticated;
GRANT SELECT, INSERT, UPDATE, DELETE ON notices TO service_role;
CREATE POLICY service ON notices TO service_role USING (true) WITH CHECK (true);
CREATE POLICY own ON notices TO authenticated, repazoo_user USING (user_id = (SELECT auth.uid())) WITH CHECK (user_id = (SELECT auth.uid()));
GRANT SELECT ON notices TO authenticated, repazoo_user;
GRANT INSERT, UPDATE (read_at) ON notices TO repazoo_user; -- whoever starts the last analysis of a period writes that it was

-- webhook_endpoints: addresses of a user's own that hear of their notices; the secret that signs is sealed.
CREATE TABLE webhook_endpoints (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  url text NOT NULL,
  secret bytea NOT NULL,
  kinds text NOT NULL,
  created_at timestamptz NOT NULL,
  failing_since timestamptz,
  disabled_at timestamptz
);

-- webhook_deliveries: what became of telling an endpoint of a notice; round is how often it was asked for again.
CREATE TABLE webhook_deliveries (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  endpoint_id uuid NOT NULL REFERENCES webhook_endpoints ON DELETE CASCADE,
  notice_id uuid REFERENCES notices ON DELETE CASCADE,
  kind text NOT NULL,
  message_id text NOT NULL,
  payload text NOT NULL,
  status text NOT NULL CHECK (status IN ('waiting', 'delivered', 'failed')),
  attempts bigint NOT NULL DEFAULT 0,
  round bigint NOT NULL DEFAULT 0,
  code bigint,
  trouble text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL,
  tried_at timestamptz,
  next_try_at timestamptz,
  UNIQUE (endpoint_id, notice_id)
);

CREATE INDEX ON webhook_endpoints (user_id, created_at);
CREATE INDEX ON webhook_deliveries (user_id);
CREATE INDEX ON webhook_deliveries (endpoint_id, created_at, id);
CREATE INDEX ON webhook_deliveries (notice_id);
CREATE INDEX ON webhook_deliveries (created_at);

-- +goose StatementBegin
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['webhook_endpoints', 'webhook_deliveries'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('REVOKE ALL ON %I FROM PUBLIC, anon, authenticated', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO service_role', t);
    EXECUTE format('CREATE POLICY service ON %I TO service_role USING (true) WITH CHECK (true)', t);
    EXECUTE format('CREATE POLICY own ON %I TO authenticated, repazoo_user USING (user_id = (SELECT auth.uid())) WITH CHECK (user_id = (SELECT auth.uid()))', t);
  END LOOP;
END $$;
-- +goose StatementEnd
GRANT SELECT (id, user_id, url, kinds, created_at, failing_since, disabled_at) ON webhook_endpoints TO authenticated, repazoo_user;
GRANT SELECT ON webhook_deliveries TO authenticated, repazoo_user;

-- email_confirmations: an address that waits for its user to follow the link that was mailed there; the link's token is
-- hashed. The row stays, so that nobody is sent too many.
ALTER TABLE users ADD COLUMN email_confirmed_at timestamptz;
CREATE TABLE email_confirmations (
  user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
  email text,
  token_hash text UNIQUE,
  asked_at timestamptz NOT NULL,
  day_began_at timestamptz NOT NULL,
  asked_today bigint NOT NULL,
  expires_at timestamptz NOT NULL
);

ALTER TABLE email_confirmations ENABLE ROW LEVEL SECURITY;
ALTER TABLE email_confirmations FORCE ROW LEVEL SECURITY;
REVOKE ALL ON email_confirmations FROM PUBLIC, anon, authenticated;
GRANT SELECT, INSERT, UPDATE, DELETE ON email_confirmations TO service_role;
CREATE POLICY service ON email_confirmations TO service_role USING (true) WITH CHECK (true);
REVOKE UPDATE (email) ON users FROM repazoo_user; -- an address is confirmed first
