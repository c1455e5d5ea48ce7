-- +goose Up
-- The same as migrations/postgres/00029_schedule_day.sql.
ALTER TABLE schedules ADD COLUMN within_a_day INTEGER NOT NULL DEFAULT 0;
