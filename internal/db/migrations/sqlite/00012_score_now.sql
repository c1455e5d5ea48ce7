-- +goose Up
-- A report keeps the score that it was made with. score_now follows the dismissals made since.
ALTER TABLE analyses ADD COLUMN score_now REAL;
ALTER TABLE analyses ADD COLUMN level_now TEXT;
UPDATE analyses SET score_now = score, level_now = level;
