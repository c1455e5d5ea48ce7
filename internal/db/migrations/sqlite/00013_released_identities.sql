-- +goose Up
-- An X account that its owner unlinks while another one stays linked is released: its row keeps the reports together,
-- remembers whose they are in released_x_user_id, and gives x_user_id free, so that the X account signs in as somebody new.
ALTER TABLE x_accounts ADD COLUMN released_x_user_id TEXT;
UPDATE x_accounts SET released_x_user_id = x_user_id, x_user_id = 'released:' || id
WHERE status = 'revoked' AND EXISTS (SELECT 1 FROM x_accounts o WHERE o.user_id = x_accounts.user_id AND o.status <> 'revoked');
-- A link belongs to the session that began it.
DELETE FROM oauth_states WHERE purpose = 'link';
ALTER TABLE oauth_states ADD COLUMN session_id TEXT REFERENCES sessions ON DELETE CASCADE;
CREATE INDEX oauth_states_session_id_idx ON oauth_states (session_id);
-- parent is the token that this one was made for.
ALTER TABLE refresh_tokens ADD COLUMN parent TEXT;
CREATE INDEX refresh_tokens_parent_idx ON refresh_tokens (parent);
