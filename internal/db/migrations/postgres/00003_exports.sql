-- +goose Up
-- exports: a person's wish for a copy of what is kept about them. The package itself is made while it is fetched.
CREATE TABLE exports (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  status text NOT NULL CHECK (status IN ('queued', 'ready', 'failed')),
  bytes bigint NOT NULL DEFAULT 0,
  fetched bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  tried_at timestamptz NOT NULL,
  ready_at timestamptz,
  expires_at timestamptz
);

-- erasures: users on their way out; with locked_at nothing of theirs works any more. The row goes with its user.
CREATE TABLE erasures (
  user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
  asked_at timestamptz NOT NULL,
  tried_at timestamptz NOT NULL,
  locked_at timestamptz
);

-- billing_records: what tax law asks for of an erased subscriber: the ids under which Stripe keeps the invoices, which
-- plan it was, and from when to when. Nothing here leads to a person without Stripe.
CREATE TABLE billing_records (
  id uuid PRIMARY KEY,
  stripe_customer_id text NOT NULL,
  stripe_subscription_id text NOT NULL,
  tier text NOT NULL,
  started_at timestamptz NOT NULL,
  ended_at timestamptz NOT NULL
);

ALTER TABLE consents ADD COLUMN withdrawn_at timestamptz;

CREATE UNIQUE INDEX exports_under_way ON exports (user_id) WHERE status = 'queued'; -- one at a time
CREATE INDEX ON exports (user_id, created_at);
CREATE INDEX ON exports (created_at);
CREATE INDEX ON billing_records (stripe_customer_id);
CREATE INDEX ON stripe_events ((payload -> 'data' -> 'object' ->> 'customer'));

-- The audit log takes lines and gives them. The one change it allows is to take out where an erased person called from.
-- +goose StatementBegin
DO $make$ BEGIN
EXECUTE format($format$
CREATE OR REPLACE FUNCTION audit_log_keeps() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.ip = '' AND NEW.user_agent = '' AND NEW.request_id = ''
      AND ROW(NEW.id, NEW.user_id, NEW.actor, NEW.action, NEW.resource, NEW.detail, NEW.created_at)
        IS NOT DISTINCT FROM ROW(OLD.id, OLD.user_id, OLD.actor, OLD.action, OLD.resource, OLD.detail, OLD.created_at)
      AND EXISTS (SELECT FROM %I.erasures e WHERE e.user_id = OLD.user_id AND e.locked_at IS NOT NULL) THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'the audit log is append-only';
END $$
$format$, current_schema());
END $make$;
-- +goose StatementEnd
GRANT UPDATE (ip, user_agent, request_id) ON audit_log TO service_role;

-- +goose StatementBegin
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['exports', 'erasures', 'billing_records'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('REVOKE ALL ON %I FROM PUBLIC, anon, authenticated', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO service_role', t);
    EXECUTE format('CREATE POLICY service ON %I TO service_role USING (true) WITH CHECK (true)', t);
  END LOOP;
END $$;
-- +goose StatementEnd
CREATE POLICY own ON exports TO authenticated, repazoo_user USING (user_id = (SELECT auth.uid())) WITH CHECK (user_id = (SELECT auth.uid()));
GRANT SELECT ON exports TO authenticated, repazoo_user;
GRANT INSERT, UPDATE (fetched) ON exports TO repazoo_user;
