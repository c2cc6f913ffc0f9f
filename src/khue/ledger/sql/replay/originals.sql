-- The commits of a type that brought records in from outside and still stand, in order; one type as parameter.
select c.seq, c.source, c.actor, c.mode, c.raw_seq, c.profile::text as profile, c.about::text as about
from khue.commit c
where c.type = $1 and c.kind = 'data' and not c.withdrawn
  and not exists (select from khue.commit r where r.kind = 'revert' and (r.about->>'of')::bigint = c.seq)
  and exists (select from khue.raw w where w.seq = c.raw_seq)
order by c.seq
