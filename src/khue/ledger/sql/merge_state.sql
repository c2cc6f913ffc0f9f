-- State takes the greatest version of each id; one that is not greater than what stands leaves it alone.
insert into {state} as s ({names}, _seq, _recorded_at)
select {distinct} {names}, {first} + _part, timestamptz '{recorded_at}' + interval '1 microsecond' * _part
from {stage} b
where not _unchanged and not _rejected and {within}
{order}
on conflict (_id) do update set {updates}
{newer}
