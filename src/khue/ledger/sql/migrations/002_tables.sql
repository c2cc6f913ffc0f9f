-- The log and what belongs to it. Tables of types are no migrations: they are made from contracts (tables.py).

-- The one row that is the ledger's lock, its last position in the order, and the end of the hash chain.
-- `contract_seq` is the last commit that changed a contract: a writer sees by it that its staging is old.
CREATE TABLE khue.head (
    singleton    boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    seq          bigint NOT NULL,
    hash         bytea NOT NULL,
    recorded_at  timestamptz NOT NULL,
    contract_seq bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO khue.head VALUES (true, 0, decode(repeat('00', 32), 'hex'), '-infinity', 0);

CREATE TABLE khue.commit (
    seq               bigint PRIMARY KEY,
    recorded_at       timestamptz NOT NULL,
    type              text NOT NULL,
    contract_version  text NOT NULL,
    code_version      text NOT NULL,
    reference_version text NOT NULL,
    source            text NOT NULL,
    actor             text NOT NULL,
    kind              text NOT NULL,
    mode              text NOT NULL,
    position          text,
    about             jsonb NOT NULL,
    profile           jsonb NOT NULL,
    counts            jsonb NOT NULL,
    raw_seq           bigint,
    raw_digest        bytea NOT NULL,
    rows_digest       bytea NOT NULL,
    hash              bytea NOT NULL,
    withdrawn         boolean NOT NULL DEFAULT false  -- set by revert, so that the file may be sent again; not in the hash
);
CREATE UNIQUE INDEX commit_position ON khue.commit (source, position) WHERE position IS NOT NULL AND NOT withdrawn;
CREATE INDEX commit_type ON khue.commit (type, seq);
CREATE INDEX commit_recorded ON khue.commit (recorded_at);

CREATE TABLE khue.raw (
    seq   bigint NOT NULL,
    part  int NOT NULL,
    bytes bytea NOT NULL,  -- zstd of at most 8 MiB of what was received
    PRIMARY KEY (seq, part)
);
ALTER TABLE khue.raw ALTER COLUMN bytes SET STORAGE EXTERNAL;  -- compressed already

CREATE TABLE khue.cursor (
    follower   text PRIMARY KEY,
    seq        bigint NOT NULL,
    failures   int NOT NULL DEFAULT 0,
    failed_seq bigint,
    note       text NOT NULL DEFAULT ''
);

CREATE TABLE khue.quarantine (
    seq              bigint NOT NULL,
    record           int NOT NULL,
    row              bigint NOT NULL,
    type             text NOT NULL,
    source           text NOT NULL,
    id               text,
    observed_at      timestamptz,
    action           text NOT NULL CHECK (action IN ('reject', 'hold')),
    fields           text[] NOT NULL,
    reasons          jsonb,  -- null once erased
    received         bytea,  -- null once erased
    received_digest  bytea NOT NULL,
    contract_version text NOT NULL,
    owner            text NOT NULL,
    state            text NOT NULL DEFAULT 'open'
                     CHECK (state IN ('open', 'fixed', 'released', 'dismissed', 'replayed', 'reverted', 'erased')),
    recorded_at      timestamptz NOT NULL,
    decided_seq      bigint,
    note             text NOT NULL DEFAULT '',
    PRIMARY KEY (seq, record)
);
CREATE INDEX quarantine_received ON khue.quarantine (type, received_digest);
CREATE INDEX quarantine_open ON khue.quarantine (type, owner, seq) WHERE state = 'open';
CREATE INDEX quarantine_id ON khue.quarantine (type, id);

-- Every contract that was in force, as JSON; the last one of a type is in force now.
CREATE TABLE khue.contract (
    type        text NOT NULL,
    version     text NOT NULL,
    digest      text NOT NULL,
    body        jsonb NOT NULL,
    seq         bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (type, version, digest)
);

-- The few combinations of agency, area and further viewers that rows have; `_scope` of a row names one (policies.py).
-- visible_to is sorted; an empty text stands for none, so that the combination is unique.
CREATE TABLE khue.scope (
    id         int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agency     text NOT NULL,
    area       text NOT NULL,
    visible_to text[] NOT NULL,
    UNIQUE (agency, area, visible_to)
);
CREATE INDEX scope_area ON khue.scope (area);
CREATE INDEX scope_visible_to ON khue.scope USING gin (visible_to);
