-- A series in buckets of local time. Parameters: bucket, zone, then the relation's.
select date_trunc(%s, reading._observed_at, %s) as start, avg({value})::float8 as mean, max({value})::float8 as maximum,
       min({value})::float8 as minimum, sum({value})::float8 as total, count({value}) as readings,
       max(_observed_at) as newest
from ({relation}) as reading
group by 1 order by 1
