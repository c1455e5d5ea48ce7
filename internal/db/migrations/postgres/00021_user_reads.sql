-- +goose Up
-- x_user_reads is how many profiles X charged for, in all tries of an analysis.
ALTER TABLE analyses ADD COLUMN x_user_reads bigint NOT NULL DEFAULT 0;
