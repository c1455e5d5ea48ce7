-- +goose Up
-- Whose analysis is next: turn is its place in the line of all users. wait_until and waiting_for say until when it must
-- not be taken, and whom it waits for; tries counts the tries that a passing trouble ended.
ALTER TABLE analyses ADD COLUMN turn timestamptz;
ALTER TABLE analyses ADD COLUMN wait_until timestamptz;
ALTER TABLE analyses ADD COLUMN waiting_for text NOT NULL DEFAULT '';
ALTER TABLE analyses ADD COLUMN tries bigint NOT NULL DEFAULT 0;
CREATE INDEX ON analyses ((COALESCE(turn, created_at))) WHERE status IN ('queued', 'running');
CREATE INDEX ON analyses (user_id) WHERE status IN ('queued', 'running');

-- job_workers: the processes that work jobs, and when each last said that it lives.
CREATE TABLE job_workers (
  id text PRIMARY KEY,
  seen_at timestamptz NOT NULL
);
ALTER TABLE job_workers ENABLE ROW LEVEL SECURITY;
ALTER TABLE job_workers FORCE ROW LEVEL SECURITY;
REVOKE ALL ON job_workers FROM PUBLIC, anon, authenticated;
GRANT SELECT, INSERT, UPDATE, DELETE ON job_workers TO service_role;
CREATE POLICY service ON job_workers TO service_role USING (true) WITH CHECK (true);
