-- +goose Up
-- The same as migrations/postgres/00030_steps_done.sql.
ALTER TABLE analyses ADD COLUMN steps_done TEXT NOT NULL DEFAULT '';
