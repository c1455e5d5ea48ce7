-- +goose Up
-- What of an uploaded archive could not be read: counts and sentences, without any text of a post.
ALTER TABLE archives ADD COLUMN unread text NOT NULL DEFAULT '{}';
