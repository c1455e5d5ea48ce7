-- +goose Up
-- judged_by: the analysis that has the account to itself while it reads and judges, also while it waits for its batch. It holds as
-- long as that analysis lives; no reference, because whoever comes next looks.
ALTER TABLE timelines ADD COLUMN judged_by uuid;
