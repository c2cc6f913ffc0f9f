-- Records of quarantine with what was received; the conditions, order and limit follow.
select q.seq, q.record, q.row, q.type, q.source, q.id, q.observed_at, q.action, q.fields, q.reasons, q.owner, q.state,
       q.recorded_at, q.decided_seq, coalesce(q.note, '') as note, q.received
from khue.quarantine as q
