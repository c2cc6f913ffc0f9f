-- Which numbered migrations were applied, before the first of them is.
CREATE SCHEMA IF NOT EXISTS khue;
CREATE TABLE IF NOT EXISTS khue.migration (
    number     int PRIMARY KEY,
    name       text NOT NULL,
    digest     text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
)
