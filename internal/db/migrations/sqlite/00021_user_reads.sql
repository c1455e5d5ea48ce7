-- +goose Up
-- The same as migrations/postgres/00021_user_reads.sql.
ALTER TABLE analyses ADD COLUMN x_user_reads INTEGER NOT NULL DEFAULT 0;
