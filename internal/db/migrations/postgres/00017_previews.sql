-- +goose Up
-- What an analysis will cost is told before it starts, and bounded: post_count is how many posts X said an account has, at
-- counted_at. max_cost_cents bounds what X and the model may cost in one analysis (0: no bound, as for the earlier ones), and
-- model_micro_usd is what the model has cost in all its tries. A completed analysis with free = true took no unit of the quota.
ALTER TABLE x_accounts ADD COLUMN post_count bigint;
ALTER TABLE x_accounts ADD COLUMN counted_at timestamptz;
GRANT SELECT (post_count, counted_at) ON x_accounts TO authenticated, repazoo_user;
ALTER TABLE analyses ADD COLUMN max_cost_cents bigint NOT NULL DEFAULT 0;
ALTER TABLE analyses ADD COLUMN model_micro_usd bigint NOT NULL DEFAULT 0;
ALTER TABLE analyses ADD COLUMN free boolean NOT NULL DEFAULT false;
