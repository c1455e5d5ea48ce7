-- +goose Up
-- Of a plan whose payment failed: when it is charged again, if it is.
ALTER TABLE subscriptions ADD COLUMN next_try_at timestamptz;
