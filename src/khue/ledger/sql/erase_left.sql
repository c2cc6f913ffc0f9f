-- What is left of the touched commits: how many rows, and their digest, so that what remains can still be proved.
select h._seq, count(*), encode(sha256(string_agg({form}, '' order by h._record)), 'hex')
from {history} h
where h._seq = any($1::bigint[])
group by h._seq
