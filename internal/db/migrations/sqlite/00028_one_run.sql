-- +goose Up
-- The same as migrations/postgres/00028_one_run.sql.
ALTER TABLE timelines ADD COLUMN judged_by TEXT;
