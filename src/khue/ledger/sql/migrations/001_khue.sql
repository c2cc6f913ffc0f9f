-- The schemas, and who may enter each. Run as khue_owner, who owns everything that follows.
--   khue: the log    state: true now    history: every version    open: what the public may read    identity: accounts
-- khue_scoped gets SELECT on a table in the same breath as the policy that narrows it (tables.py), never by default.

CREATE SCHEMA state;
CREATE SCHEMA history;
CREATE SCHEMA open;
CREATE SCHEMA identity;

GRANT USAGE ON SCHEMA khue, state, history, open TO khue_all, khue_scoped;
GRANT USAGE ON SCHEMA open TO khue_public;

ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA khue GRANT SELECT ON TABLES TO khue_all;
ALTER DEFAULT PRIVILEGES IN SCHEMA state GRANT SELECT ON TABLES TO khue_all;
ALTER DEFAULT PRIVILEGES IN SCHEMA history GRANT SELECT ON TABLES TO khue_all;
ALTER DEFAULT PRIVILEGES IN SCHEMA open GRANT SELECT ON TABLES TO khue_all, khue_scoped, khue_public;

-- Every backup that was written; `khue doctor` says how old the last one is.
CREATE TABLE khue.backup (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recorded_at timestamptz NOT NULL,
    file        text NOT NULL,
    bytes       bigint NOT NULL,
    seq         bigint NOT NULL,
    digest      text NOT NULL
);
