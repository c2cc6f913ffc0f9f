-- A measure: the last version of the same id and moment, in the batch or else recorded within `dedupe`, has the same content.
-- Only moments that are not after state's can have been seen before; state itself is the last version of its moment.
update {stage} c set _unchanged = true
from (
    select b._order, coalesce({twin}, case
        when b._observed_at = s._observed_at then case when '_withdrawn' = any(s._flags) then null else s._digest end
        when b._observed_at < s._observed_at then (
            select case when '_withdrawn' = any(h._flags) then null else h._digest end from {history} h
            where h._id = b._id and h._observed_at = b._observed_at
              and h._recorded_at > timestamptz '{recorded_at}' - interval '{dedupe} seconds'
            order by h._seq desc, h._record desc limit 1)
        end) as before
    from {stage} b
    left join lateral (select s._observed_at, s._digest, s._flags from {state} s where s._id = b._id limit 1) s on true
    where not _rejected and not _unchanged and {within}
) d
where c._order = d._order and c._digest = d.before and c._held = '{{}}'
