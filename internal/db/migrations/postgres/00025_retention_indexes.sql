-- +goose Up
-- What is past its time is found by index, and so is what refers to a person who is erased.
CREATE INDEX ON sessions (expires_at);
CREATE INDEX ON refresh_tokens (user_id);
CREATE INDEX ON refresh_tokens (used_at) WHERE successor IS NOT NULL;
CREATE INDEX ON oauth_states (user_id);
CREATE INDEX ON archives (expires_at);
CREATE INDEX ON analyses (finished_at);
CREATE INDEX ON dismissals (created_at);
CREATE INDEX ON x_accounts (id) WHERE status = 'revoked';
CREATE INDEX ON cleanups (account_id);
CREATE INDEX ON cleanups (finished_at);
CREATE INDEX ON stripe_events (object_id);
CREATE INDEX ON billing_records (ended_at);
CREATE INDEX ON trials_spent (spent_at);
CREATE INDEX ON email_confirmations (expires_at);
CREATE INDEX ON x_leaves (ends_at);
