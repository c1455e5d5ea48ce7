-- +goose Up
-- The same as migrations/postgres/00025_retention_indexes.sql.
CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);
CREATE INDEX refresh_tokens_user_id_idx ON refresh_tokens (user_id);
CREATE INDEX refresh_tokens_used_at_part_idx ON refresh_tokens (used_at) WHERE successor IS NOT NULL;
CREATE INDEX oauth_states_user_id_idx ON oauth_states (user_id);
CREATE INDEX archives_expires_at_idx ON archives (expires_at);
CREATE INDEX analyses_finished_at_idx ON analyses (finished_at);
CREATE INDEX dismissals_created_at_idx ON dismissals (created_at);
CREATE INDEX x_accounts_id_part_idx ON x_accounts (id) WHERE status = 'revoked';
CREATE INDEX cleanups_account_id_idx ON cleanups (account_id);
CREATE INDEX cleanups_finished_at_idx ON cleanups (finished_at);
CREATE INDEX stripe_events_object_id_idx ON stripe_events (object_id);
CREATE INDEX billing_records_ended_at_idx ON billing_records (ended_at);
CREATE INDEX trials_spent_spent_at_idx ON trials_spent (spent_at);
CREATE INDEX email_confirmations_expires_at_idx ON email_confirmations (expires_at);
CREATE INDEX x_leaves_ends_at_idx ON x_leaves (ends_at);
