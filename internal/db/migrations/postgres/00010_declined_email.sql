-- +goose Up
-- A person who takes their address back is not given X's again at the next sign-in.
ALTER TABLE users ADD COLUMN email_declined_at timestamptz;
