-- What COPY fills with the records that wait.
create temp table quarantine_load (
    _order int, _part int, _record int, row bigint, source text, id text, observed_at timestamptz, action text, fields text[],
    flags text[], dimensions smallint, reasons jsonb, received bytea, received_digest bytea, owner text, state text, note text
) on commit delete rows
