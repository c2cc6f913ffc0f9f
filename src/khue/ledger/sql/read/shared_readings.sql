-- Readings received in a window, as they stand, and how many of them are open. Parameters: least quality, checks that shut, since, until.
select count(*) as lawful, count(*) filter (where latest._quality >= %s and not latest._flags && %s::text[]) as opened
from (
    select distinct on (h._id, h._observed_at) h._quality, h._flags, h._deleted
    from {history} h
    where h._recorded_at >= %s and h._recorded_at < %s
    order by h._id, h._observed_at, h._seq desc, h._record desc
) as latest
where not latest._deleted
