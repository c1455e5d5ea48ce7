-- +goose Up
-- steps_done: the steps of what to do that are ticked, each between commas.
ALTER TABLE analyses ADD COLUMN steps_done text NOT NULL DEFAULT '';
