-- The months (UTC) of rows in the default partition; none of them has a partition of its own.
select distinct date_trunc('month', _recorded_at, 'UTC') from {other}
