-- +goose Up
-- What the history of an account shows of a report without opening it: lens_scores is its score for each purpose as a JSON
-- object, as it was made, and since_ is what changed since the report before (since_id; none for the first).
ALTER TABLE analyses ADD COLUMN lens_scores text NOT NULL DEFAULT '';
ALTER TABLE analyses ADD COLUMN since_id uuid;
ALTER TABLE analyses ADD COLUMN since_new bigint;
ALTER TABLE analyses ADD COLUMN since_gone bigint;
