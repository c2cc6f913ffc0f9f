-- Records that wait for their owner, without the record as received; where, order and limit follow.
select q.seq, q.record, q.row, q.type, q.source, q.id, q.observed_at, q.action, q.fields, q.reasons, q.owner, q.state,
       q.recorded_at, q.decided_seq, coalesce(q.note, '') as note
from khue.quarantine as q
