-- +goose Up
-- In which language and time zone a person is spoken to. language is what they chose, "" to follow browser_language, which
-- is what their browser asked for when they last signed in; time_zone is a name of the IANA database, "" for UTC.
ALTER TABLE users ADD COLUMN language text NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN browser_language text NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN time_zone text NOT NULL DEFAULT '';
GRANT UPDATE (language, time_zone) ON users TO repazoo_user;
