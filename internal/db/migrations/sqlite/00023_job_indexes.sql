-- +goose Up
-- SQLite's table of jobs has no such indexes.
SELECT 1;
