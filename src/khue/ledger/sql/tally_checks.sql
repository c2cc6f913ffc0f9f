select _part, name, count(*) as failed
from {stage}, unnest(_flags) name
where not _unchanged and not _rejected
group by _part, name
