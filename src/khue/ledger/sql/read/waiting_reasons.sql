-- How many records of a selection of quarantine each check holds back, with the newest as an example.
select q.type, reason->>'check' as check_name, reason->>'dimension' as dimension, q.action, count(*) as records,
       (array_agg(reason order by q.seq desc, q.record desc))[1] as example
from khue.quarantine as q, jsonb_array_elements(q.reasons) as reason
where {conditions}
group by q.type, reason->>'check', reason->>'dimension', q.action
order by count(*) desc, q.type, reason->>'check'
