-- +goose Up
-- schedules: analyses that start by themselves, one schedule for each linked X account. next_at is when the next one is due;
-- due_at is the run that was claimed last, and awaits_id the analysis whose end is not known yet. A schedule with paused_at
-- starts nothing, and paused_why says what must be done.
CREATE TABLE schedules (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  account_id uuid NOT NULL UNIQUE REFERENCES x_accounts ON DELETE CASCADE,
  every text NOT NULL CHECK (every IN ('daily', 'weekly', 'monthly')),
  weekday bigint NOT NULL,
  day bigint NOT NULL,
  minute bigint NOT NULL,
  zone text NOT NULL,
  purpose text NOT NULL,
  max_cost_cents bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  next_at timestamptz NOT NULL,
  due_at timestamptz,
  last_at timestamptz,
  last_id uuid,
  awaits_id uuid,
  failures bigint NOT NULL DEFAULT 0,
  skipped text NOT NULL DEFAULT '',
  paused_at timestamptz,
  paused_why text NOT NULL DEFAULT '',
  digest_at timestamptz NOT NULL
);
CREATE INDEX ON schedules (user_id, created_at, id);
CREATE INDEX ON schedules (next_at) WHERE paused_at IS NULL;
CREATE INDEX ON schedules (digest_at);
CREATE INDEX ON schedules (awaits_id) WHERE awaits_id IS NOT NULL;

ALTER TABLE schedules ENABLE ROW LEVEL SECURITY;
ALTER TABLE schedules FORCE ROW LEVEL SECURITY;
REVOKE ALL ON schedules FROM PUBLIC, anon, authenticated;
GRANT SELECT, INSERT, UPDATE, DELETE ON schedules TO service_role;
CREATE POLICY service ON schedules TO service_role USING (true) WITH CHECK (true);
CREATE POLICY own ON schedules TO authenticated, repazoo_user USING (user_id = (SELECT auth.uid())) WITH CHECK (user_id = (SELECT auth.uid()));
GRANT SELECT ON schedules TO authenticated, repazoo_user;

-- scheduled is the rhythm of the schedule that started an analysis ('' for a person), and keep_until how long its posts are
-- kept for the next run.
ALTER TABLE analyses ADD COLUMN scheduled text NOT NULL DEFAULT '';
ALTER TABLE analyses ADD COLUMN keep_until timestamptz;
ALTER TABLE verdicts ADD COLUMN keep_until timestamptz;
