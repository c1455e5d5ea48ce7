-- +goose Up
-- The same as migrations/postgres/00008_payment_returns.sql.
CREATE TABLE payment_returns (
  id TEXT PRIMARY KEY NOT NULL,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('refund', 'dispute')),
  invoice_id TEXT NOT NULL,
  cents INTEGER NOT NULL,
  currency TEXT NOT NULL,
  status TEXT NOT NULL,
  at TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX payment_returns_user_id_invoice_id_idx ON payment_returns (user_id, invoice_id);
CREATE INDEX payment_returns_at_idx ON payment_returns (at);
