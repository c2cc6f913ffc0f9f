-- How many rejected records of each part failed each check.
select _part, name, count(*) as failed
from quarantine_load, unnest(flags) name
where action = 'reject' and not _order = any ('{known}'::int[])
group by _part, name
