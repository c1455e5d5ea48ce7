-- +goose Up
-- The same as migrations/postgres/00019_histories.sql.
ALTER TABLE analyses ADD COLUMN lens_scores TEXT NOT NULL DEFAULT '';
ALTER TABLE analyses ADD COLUMN since_id TEXT;
ALTER TABLE analyses ADD COLUMN since_new INTEGER;
ALTER TABLE analyses ADD COLUMN since_gone INTEGER;
