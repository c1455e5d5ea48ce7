-- +goose Up
-- cleanups: plans to delete posts at X, one open plan for each account. signature is a keyed hash over what was frozen at
-- frozen_at; nothing is deleted that it does not cover. runner and lease_until are the lease of the run that works on it.
-- waiting_for and wait_until say what it waits for. receipt is sealed.
CREATE TABLE cleanups (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  account_id uuid NOT NULL REFERENCES x_accounts ON DELETE CASCADE,
  analysis_id uuid REFERENCES analyses ON DELETE SET NULL,
  handle text NOT NULL,
  state text NOT NULL CHECK (state IN ('draft', 'frozen', 'running', 'paused', 'stopped', 'done', 'ended')),
  signature text NOT NULL DEFAULT '',
  score_before double precision,
  score_after double precision,
  waiting_for text NOT NULL DEFAULT '',
  wait_until timestamptz,
  tries bigint NOT NULL DEFAULT 0,
  why_code text NOT NULL DEFAULT '',
  why text NOT NULL DEFAULT '',
  runner text NOT NULL DEFAULT '',
  lease_until timestamptz,
  receipt bytea,
  created_at timestamptz NOT NULL,
  frozen_at timestamptz,
  backup_at timestamptz,
  consent_at timestamptz,
  started_at timestamptz,
  finished_at timestamptz,
  expires_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX cleanups_open ON cleanups (account_id) WHERE state NOT IN ('done', 'ended');
CREATE INDEX ON cleanups (user_id, created_at DESC, id DESC);
CREATE INDEX ON cleanups (analysis_id);
CREATE INDEX ON cleanups (expires_at);

-- cleanup_posts: the posts of a plan in the order in which they go. sealed holds the text and what was found in it, until
-- the backup ends. asks counts how often X was asked to delete it, at asked_at for the last time; X answered at done_at.
-- counted says that the score and the kept posts know of it.
CREATE TABLE cleanup_posts (
  cleanup_id uuid NOT NULL REFERENCES cleanups ON DELETE CASCADE,
  post_id text NOT NULL,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  place bigint NOT NULL,
  sealed bytea,
  outcome text NOT NULL DEFAULT '' CHECK (outcome IN ('', 'asked', 'deleted', 'gone', 'changed', 'foreign', 'hidden', 'kept')),
  asks bigint NOT NULL DEFAULT 0,
  asked_at timestamptz,
  done_at timestamptz,
  ticked_at timestamptz,
  seen_at timestamptz,
  counted boolean NOT NULL DEFAULT false,
  PRIMARY KEY (cleanup_id, post_id)
);
CREATE INDEX ON cleanup_posts (user_id);

-- x_leaves: the wider leave of X, to delete posts too. It is asked for by a plan and ends with it.
CREATE TABLE x_leaves (
  account_id uuid PRIMARY KEY REFERENCES x_accounts ON DELETE CASCADE,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  tokens bytea NOT NULL,
  token_expires_at timestamptz NOT NULL,
  given_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL
);
CREATE INDEX ON x_leaves (user_id);

-- A state of purpose 'link' with leave_for asks X for the leave to delete posts of that account.
ALTER TABLE oauth_states ADD COLUMN leave_for uuid;

-- +goose StatementBegin
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['cleanups', 'cleanup_posts', 'x_leaves'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('REVOKE ALL ON %I FROM PUBLIC, anon, authenticated', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO service_role', t);
    EXECUTE format('CREATE POLICY service ON %I TO service_role USING (true) WITH CHECK (true)', t);
  END LOOP;
END $$;
-- +goose StatementEnd
CREATE POLICY own ON cleanups TO authenticated, repazoo_user USING (user_id = (SELECT auth.uid())) WITH CHECK (user_id = (SELECT auth.uid()));
CREATE POLICY own ON cleanup_posts TO authenticated, repazoo_user USING (user_id = (SELECT auth.uid())) WITH CHECK (user_id = (SELECT auth.uid()));
GRANT SELECT ON cleanups, cleanup_posts TO repazoo_user;
