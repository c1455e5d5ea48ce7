-- +goose Up
-- The same as migrations/postgres/00017_previews.sql.
ALTER TABLE x_accounts ADD COLUMN post_count INTEGER;
ALTER TABLE x_accounts ADD COLUMN counted_at TEXT;
ALTER TABLE analyses ADD COLUMN max_cost_cents INTEGER NOT NULL DEFAULT 0;
ALTER TABLE analyses ADD COLUMN model_micro_usd INTEGER NOT NULL DEFAULT 0;
ALTER TABLE analyses ADD COLUMN free INTEGER NOT NULL DEFAULT 0;
