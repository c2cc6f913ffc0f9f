-- For each record of a commit, the version that holds now at its id (and observed time, for a measure).
-- Parameters: record numbers, ids, observed times as text; the places are names of the contract.
select k.record as _of_record, h._seq as _now_seq, h._record as _now_record, c.kind as _now_kind,
       (c.about->>'of')::bigint as _now_of, h._flags as _now_flags, h._held as _now_held, h._x as _now_x, h._y as _now_y,
       h._area as _now_area{columns}
from unnest($1::int[], $2::text[], $3::text[]) k (record, id, observed_at)
left join lateral (
    select h._seq, h._record, h._flags, h._held, h._x, h._y, h._area{inner} from {history} h
    where h._id = k.id and ({any_time} or h._observed_at is not distinct from k.observed_at::timestamptz)
    order by h._seq desc, h._record desc limit 1) h on true
left join khue.commit c on c.seq = h._seq
order by k.record
