-- How many open records each check holds back, with the newest as an example. No parameters.
select q.type, q.source, q.owner, reason->>'check' as check_name, reason->>'dimension' as dimension, q.action,
       count(*) as records, max(q.recorded_at) as newest, (array_agg(reason order by q.seq desc, q.record desc))[1] as example
from khue.quarantine as q, jsonb_array_elements(q.reasons) as reason
where q.state = 'open'
group by q.type, q.source, q.owner, reason->>'check', reason->>'dimension', q.action
order by count(*) desc, q.type, q.source, reason->>'check'
