-- A number over the latest readings; `within` (seconds, twice) keeps those that are not older than the newest by more.
with reading as materialized ({relation}),
     valued as (select max(_observed_at) as newest from reading where {value} is not null)
select {aggregate} as value, count({value}) as readings, count(*) as entities,
       max(_observed_at) filter (where {value} is not null) as newest
from reading, valued
where %s::float8 is null or _observed_at >= valued.newest - make_interval(secs => %s::float8)
