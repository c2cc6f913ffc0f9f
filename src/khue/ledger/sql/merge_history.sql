-- Every row that says something new becomes a version.
insert into {history} ({names}, _seq, _recorded_at)
select {names}, {first} + _part, timestamptz '{recorded_at}' + interval '1 microsecond' * _part
from {stage} b
where not _unchanged and not _rejected and {within}
order by _order
