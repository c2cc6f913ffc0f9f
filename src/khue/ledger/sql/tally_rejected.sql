-- How many rejected records each part has, and how many of them passed each dimension.
select _part, count(*) filter (where _order = any ('{known}'::int[])) as unchanged, count(*) as rejected,
       count(*) filter (where dimensions & 1 = 0), count(*) filter (where dimensions & 2 = 0),
       count(*) filter (where dimensions & 4 = 0), count(*) filter (where dimensions & 8 = 0),
       count(*) filter (where dimensions & 16 = 0), count(*) filter (where dimensions & 32 = 0)
from quarantine_load
where action = 'reject'
group by _part
