-- The standing version of each entity of a measure; where every reading was taken back, the last version all the same.
-- Withdrawals are few: joined once, they cost less than a probe a version.
select distinct on (h._id) {names}
from {history} h
left join (
    select distinct on (v._id, v._observed_at) v._id, v._observed_at, v._seq, v._record
    from {history} v where v._deleted and '_withdrawn' = any(v._flags)
    order by v._id, v._observed_at, v._seq desc, v._record desc
) w on w._id = h._id and w._observed_at = h._observed_at
where {within}
order by h._id, w._seq is null or (h._seq, h._record) > (w._seq, w._record) desc, {order}
