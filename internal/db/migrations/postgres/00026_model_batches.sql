-- +goose Up
-- within_a_day: its owner chose the cheaper way that may take a day. wait_by: by when what it waits for has ended at the latest.
ALTER TABLE analyses ADD COLUMN within_a_day boolean NOT NULL DEFAULT false;
ALTER TABLE analyses ADD COLUMN wait_by timestamptz;

-- model_batches: the batch that an analysis has sent to the provider of its model, or is about to. It has no reference to
-- analyses, because the provider's copy has to be cancelled and deleted after the analysis is gone. sealed is the plan of the
-- batch (content keys and replaced names); it goes with the analysis. prefix begins the id of every request, and recognises
-- the batch at the provider if its id could not be saved before send_by. next_look is when a sweep may look again.
CREATE TABLE model_batches (
  analysis_id uuid PRIMARY KEY,
  state text NOT NULL CHECK (state IN ('sending', 'sent', 'taken')),
  model text NOT NULL,
  prefix text NOT NULL,
  requests bigint NOT NULL,
  sealed bytea,
  provider_id text NOT NULL DEFAULT '',
  used text NOT NULL DEFAULT '{}',
  polls bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  send_by timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  next_look timestamptz NOT NULL
);
CREATE INDEX ON model_batches (next_look);
ALTER TABLE model_batches ENABLE ROW LEVEL SECURITY;
ALTER TABLE model_batches FORCE ROW LEVEL SECURITY;
REVOKE ALL ON model_batches FROM PUBLIC, anon, authenticated;
GRANT SELECT, INSERT, UPDATE, DELETE ON model_batches TO service_role;
CREATE POLICY service ON model_batches TO service_role USING (true) WITH CHECK (true);
