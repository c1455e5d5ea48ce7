-- +goose Up
-- timelines: one row for each X account that was read. analysis_id and runner say which run reads it now; that holds only
-- while the run itself holds its lease in analyses. reserved are reads that were taken from the budget of the period
-- reserved_in for a page that is under way. X gave nothing older than the post end_id, although there may be more.
CREATE TABLE timelines (
  account_id uuid PRIMARY KEY REFERENCES x_accounts ON DELETE CASCADE,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  analysis_id uuid,
  runner text,
  reserved bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0),
  reserved_in timestamptz,
  read_at timestamptz,
  end_id bigint NOT NULL DEFAULT 0,
  checked_at timestamptz,
  gone bigint NOT NULL DEFAULT 0
);
CREATE INDEX ON timelines (user_id);

-- timeline_spans: the ranges of post ids, both ends included, that were completely read from X. They end with their posts.
CREATE TABLE timeline_spans (
  account_id uuid NOT NULL REFERENCES x_accounts ON DELETE CASCADE,
  last_id bigint NOT NULL,
  first_id bigint NOT NULL,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, last_id)
);
CREATE INDEX ON timeline_spans (user_id);
CREATE INDEX ON timeline_spans (expires_at);

-- The posts of a user in the order of their time, whatever they came from, without sorting.
CREATE INDEX ON posts (user_id, posted_at DESC, post_id DESC);
DROP INDEX posts_user_id_idx;

-- +goose StatementBegin
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['timelines', 'timeline_spans'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('REVOKE ALL ON %I FROM PUBLIC, anon, authenticated', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO service_role', t);
    EXECUTE format('CREATE POLICY service ON %I TO service_role USING (true) WITH CHECK (true)', t);
  END LOOP;
END $$;
-- +goose StatementEnd
