-- +goose Up
-- A report keeps the score that it was made with. score_now follows the dismissals made since.
ALTER TABLE analyses ADD COLUMN score_now double precision;
ALTER TABLE analyses ADD COLUMN level_now text;
UPDATE analyses SET score_now = score, level_now = level;
