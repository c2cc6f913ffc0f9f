-- What was quarantined by some commits, with the checks that failed; their seqs as parameter.
select q.seq, q.record, q.action, q.state, q.contract_version,
       array(select reason->>'check' from jsonb_array_elements(q.reasons) reason) as checks
from khue.quarantine q
where q.seq = any($1::bigint[])
order by q.seq, q.record
