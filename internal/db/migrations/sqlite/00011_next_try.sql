-- +goose Up
-- The same as migrations/postgres/00011_next_try.sql.
ALTER TABLE subscriptions ADD COLUMN next_try_at TEXT;
