-- +goose Up
-- Nothing asks for jobs by what is in their arguments or metadata, and each job paid for it: half of what it writes ahead.
DROP INDEX IF EXISTS river_job_args_index, river_job_metadata_index;
