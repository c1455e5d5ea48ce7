-- +goose Up
-- Roles, as Supabase names them, and repazoo_user: the role requests of this server run as.
-- authenticated may only look at its own rows, so that a person with their own token and a
-- direct line to the database (Supabase's REST) cannot write themselves a quota or a role;
-- repazoo_user may write own rows, and nobody can sign in as it.
-- +goose StatementBegin
DO $$
DECLARE r text;
BEGIN
  PERFORM pg_advisory_xact_lock(7304680967); -- roles belong to the whole server, and databases may migrate at once
  FOREACH r IN ARRAY ARRAY['anon', 'authenticated', 'service_role', 'repazoo_user'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', r);
    END IF;
    IF NOT pg_has_role(current_user, r, 'MEMBER') THEN
      EXECUTE format('GRANT %I TO %I', r, current_user);
    END IF;
  END LOOP;
END $$;
-- +goose StatementEnd

-- auth.uid() is the user of the transaction, as Supabase defines it; made only where missing.
-- +goose StatementBegin
DO $$
BEGIN
  IF to_regprocedure('auth.uid()') IS NULL THEN
    CREATE SCHEMA IF NOT EXISTS auth;
    -- Its names are bound here and now, so it needs no search_path of its own, which would keep
    -- the planner from inlining it: a policy would then cost twice as much.
    CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE
      RETURN nullif(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub', '')::uuid;
    REVOKE ALL ON FUNCTION auth.uid() FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION auth.uid() TO authenticated, repazoo_user, service_role;
    GRANT USAGE ON SCHEMA auth TO authenticated, repazoo_user, service_role;
  END IF;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
DO $$ BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO authenticated, repazoo_user, service_role', current_schema());
END $$;
-- +goose StatementEnd

-- users: what a person is to Repazoo; X accounts prove who they are.
CREATE TABLE users (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  email text,
  role text NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')),
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);

-- x_accounts: an X account belongs to at most one user; the row outlives an unlinking so that reconnecting updates it.
CREATE TABLE x_accounts (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  x_user_id text NOT NULL UNIQUE,
  handle text NOT NULL,
  name text NOT NULL,
  avatar_url text,
  scopes text NOT NULL,
  status text NOT NULL CHECK (status IN ('active', 'reconnect', 'revoked')),
  tokens bytea,
  token_expires_at timestamptz,
  refreshing_until timestamptz,
  linked_at timestamptz NOT NULL,
  last_sync_at timestamptz,
  updated_at timestamptz NOT NULL
);

-- oauth_states: a sign-in under way; deleted as it is read.
CREATE TABLE oauth_states (
  state_hash text PRIMARY KEY,
  browser_hash text NOT NULL,
  purpose text NOT NULL CHECK (purpose IN ('sign_in', 'link')),
  user_id uuid REFERENCES users ON DELETE CASCADE,
  verifier bytea NOT NULL,
  redirect_uri text NOT NULL,
  return_to text NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);

-- sessions: one signed-in browser or program.
CREATE TABLE sessions (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  device text NOT NULL,
  ip text NOT NULL,
  created_at timestamptz NOT NULL,
  last_used_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  revoked_why text
);

-- refresh_tokens: hashes only; a session's tokens are one family.
CREATE TABLE refresh_tokens (
  hash text PRIMARY KEY,
  session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  successor bytea
);

-- consents: what a person agreed to, in which words, from which session.
CREATE TABLE consents (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  kind text NOT NULL,
  version text NOT NULL,
  session_id uuid,
  created_at timestamptz NOT NULL
);

-- audit_log: append-only; no foreign key, because a line outlives its user.
CREATE TABLE audit_log (
  id uuid PRIMARY KEY,
  user_id uuid,
  actor text NOT NULL,
  action text NOT NULL,
  resource text NOT NULL,
  ip text NOT NULL,
  user_agent text NOT NULL,
  request_id text NOT NULL,
  detail jsonb NOT NULL,
  created_at timestamptz NOT NULL
);

-- subscriptions: the mirror of what the payment provider says; one a user for ever.
CREATE TABLE subscriptions (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL UNIQUE REFERENCES users ON DELETE CASCADE,
  stripe_customer_id text NOT NULL,
  stripe_subscription_id text UNIQUE,
  tier text NOT NULL,
  status text NOT NULL,
  period_start timestamptz,
  period_end timestamptz,
  entitled_until timestamptz,
  cancel_at_period_end boolean NOT NULL DEFAULT FALSE,
  cancel_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);

-- quota_periods: the ledger; one row a user and period, changed only by conditional statements.
CREATE TABLE quota_periods (
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  period_start timestamptz NOT NULL,
  period_end timestamptz NOT NULL,
  entitled_until timestamptz NOT NULL,
  tier text NOT NULL,
  quota bigint NOT NULL,
  reserved bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0),
  used bigint NOT NULL DEFAULT 0 CHECK (used >= 0),
  reads_limit bigint NOT NULL,
  reads_used bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, period_start)
);

-- stripe_events: the inbox of webhooks; nothing is dropped.
CREATE TABLE stripe_events (
  id text PRIMARY KEY,
  type text NOT NULL,
  object_id text NOT NULL,
  payload jsonb NOT NULL,
  received_at timestamptz NOT NULL,
  handled_at timestamptz,
  ignored boolean NOT NULL DEFAULT FALSE,
  attempts bigint NOT NULL DEFAULT 0,
  last_error text
);

-- archives: an uploaded X archive; the file itself is not kept.
CREATE TABLE archives (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  x_user_id text NOT NULL,
  handle text NOT NULL,
  posts bigint NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);

-- analyses: one run; lease_until and runner say which process works on it.
CREATE TABLE analyses (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  account_id uuid REFERENCES x_accounts ON DELETE CASCADE,
  archive_id uuid REFERENCES archives ON DELETE CASCADE,
  handle text NOT NULL,
  purpose text NOT NULL,
  max_posts bigint NOT NULL,
  since timestamptz,
  tier text NOT NULL,
  model text NOT NULL,
  status text NOT NULL CHECK (status IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
  stage text NOT NULL,
  done bigint NOT NULL DEFAULT 0,
  total bigint NOT NULL DEFAULT 0,
  findings bigint NOT NULL DEFAULT 0,
  event_seq bigint NOT NULL DEFAULT 0,
  x_reads bigint NOT NULL DEFAULT 0,
  score double precision,
  level text,
  error_code text,
  error_message text,
  period_start timestamptz,
  runner text,
  lease_until timestamptz,
  attempts bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  started_at timestamptz,
  finished_at timestamptz
);

-- reports: the sealed report of a completed run.
CREATE TABLE reports (
  analysis_id uuid PRIMARY KEY REFERENCES analyses ON DELETE CASCADE,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  sealed bytea NOT NULL,
  created_at timestamptz NOT NULL
);

-- dismissals: a finding's id is the same in every run, so a dismissal sticks.
CREATE TABLE dismissals (
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  finding_id text NOT NULL,
  why text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (user_id, finding_id)
);

-- posts: raw posts, sealed, kept only with consent and not for long; collection is an account's or an archive's id.
CREATE TABLE posts (
  collection_id uuid NOT NULL,
  post_id text NOT NULL,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  posted_at timestamptz NOT NULL,
  sealed bytea NOT NULL,
  fetched_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (collection_id, post_id)
);

-- verdicts: what the model said of a text, by a keyed hash of text and versions.
CREATE TABLE verdicts (
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  key text NOT NULL,
  sealed bytea NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (user_id, key)
);

-- idempotency_keys: the stored answer of a request that spends, for a day.
CREATE TABLE idempotency_keys (
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  key text NOT NULL,
  request_hash text NOT NULL,
  status bigint,
  headers jsonb,
  body bytea,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (user_id, key)
);

CREATE INDEX ON x_accounts (user_id);
CREATE INDEX ON oauth_states (expires_at);
CREATE INDEX ON sessions (user_id, created_at);
CREATE INDEX ON refresh_tokens (session_id);
CREATE INDEX ON refresh_tokens (expires_at);
CREATE INDEX ON consents (user_id, kind);
CREATE INDEX ON audit_log (user_id, created_at, id);
CREATE INDEX ON subscriptions (stripe_customer_id);
CREATE INDEX ON stripe_events (received_at);
CREATE INDEX ON archives (user_id);
CREATE INDEX ON analyses (user_id, created_at DESC, id DESC);
CREATE INDEX ON analyses (account_id);
CREATE INDEX ON analyses (archive_id);
CREATE INDEX ON analyses (lease_until) WHERE status = 'running';
CREATE INDEX ON reports (user_id);
CREATE INDEX ON posts (user_id);
CREATE INDEX ON posts (expires_at);
CREATE INDEX ON verdicts (created_at);
CREATE INDEX ON idempotency_keys (created_at);

-- The audit log takes lines and gives them; nothing else, whoever asks.
-- +goose StatementBegin
CREATE FUNCTION audit_log_keeps() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS
  $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION audit_log_keeps() FROM PUBLIC;
CREATE TRIGGER audit_log_keeps BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_log_keeps();
CREATE TRIGGER audit_log_keeps_all BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION audit_log_keeps();

-- Row-level security on every table, binding the owner too. The service role sees all;
-- users see and write rows that carry their id. Tables not listed for a role are closed to it.
-- +goose StatementBegin
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['users', 'x_accounts', 'oauth_states', 'sessions', 'refresh_tokens', 'consents', 'audit_log', 'subscriptions', 'quota_periods', 'stripe_events', 'archives', 'analyses', 'reports', 'dismissals', 'posts', 'verdicts', 'idempotency_keys'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('REVOKE ALL ON %I FROM PUBLIC, anon, authenticated', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO service_role', t);
    EXECUTE format('CREATE POLICY service ON %I TO service_role USING (true) WITH CHECK (true)', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['users', 'x_accounts', 'sessions', 'consents', 'audit_log', 'subscriptions', 'quota_periods', 'archives', 'analyses', 'reports', 'dismissals', 'posts', 'idempotency_keys'] LOOP
    EXECUTE format('CREATE POLICY own ON %I TO authenticated, repazoo_user USING (%I = (SELECT auth.uid())) WITH CHECK (%I = (SELECT auth.uid()))',
      t, CASE t WHEN 'users' THEN 'id' ELSE 'user_id' END, CASE t WHEN 'users' THEN 'id' ELSE 'user_id' END);
  END LOOP;
END $$;
-- +goose StatementEnd
REVOKE UPDATE, DELETE ON audit_log FROM service_role;

-- What a person may read with their own token: never tokens, hashes, keys or sealed bodies.
GRANT SELECT ON users, sessions, consents, audit_log, subscriptions, quota_periods, archives, analyses, dismissals TO authenticated;
GRANT SELECT (id, user_id, x_user_id, handle, name, avatar_url, scopes, status, token_expires_at, linked_at, last_sync_at, updated_at) ON x_accounts TO authenticated;

-- What this server does on behalf of a signed-in user.
GRANT SELECT ON users, sessions, consents, audit_log, subscriptions, quota_periods, archives, analyses, reports, dismissals, posts, idempotency_keys TO repazoo_user;
GRANT SELECT (id, user_id, x_user_id, handle, name, avatar_url, scopes, status, token_expires_at, linked_at, last_sync_at, updated_at) ON x_accounts TO repazoo_user;
GRANT UPDATE (name, email, updated_at) ON users TO repazoo_user;
GRANT INSERT ON audit_log, consents, analyses, dismissals, archives, posts, idempotency_keys TO repazoo_user;
GRANT UPDATE ON analyses, dismissals, idempotency_keys TO repazoo_user;
GRANT UPDATE (reserved, used, reads_used) ON quota_periods TO repazoo_user;
GRANT DELETE ON analyses, dismissals, archives, posts, idempotency_keys TO repazoo_user;
