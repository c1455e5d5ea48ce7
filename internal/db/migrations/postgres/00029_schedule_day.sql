-- +goose Up
-- within_a_day: its owner chose the cheaper way that may take a day, for every run.
ALTER TABLE schedules ADD COLUMN within_a_day boolean NOT NULL DEFAULT false;
