-- How many written rows of each part have each flag.
select _part, _u._name, count(*) as failed
from {stage}, unnest(_flags) _u(_name)
where not _unchanged and not _rejected
group by _part, _u._name
