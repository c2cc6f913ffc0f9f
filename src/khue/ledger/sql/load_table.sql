-- What COPY fills: nothing is required yet, jsonb and bits come as text.
create temp table {load} (
    {columns}, _order int, _part int, _row bigint, _dimensions smallint, _passed int, _applicable int, _given text
) on commit delete rows
