-- The records named get their new state.
update khue.quarantine q set state = $3, decided_seq = $4, note = $5
from unnest($1::bigint[], $2::int[]) p (seq, record)
where q.seq = p.seq and q.record = p.record
