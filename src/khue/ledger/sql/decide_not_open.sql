-- Of the records that a decision names, those that do not wait.
select p.seq, p.record, q.state
from unnest($1::bigint[], $2::int[]) p (seq, record)
left join khue.quarantine q on q.seq = p.seq and q.record = p.record
where q.state is distinct from 'open'
