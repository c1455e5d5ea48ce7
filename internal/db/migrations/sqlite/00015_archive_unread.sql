-- +goose Up
-- What of an uploaded archive could not be read: counts and sentences, without any text of a post.
ALTER TABLE archives ADD COLUMN unread TEXT NOT NULL DEFAULT '{}';
