-- The commits of a type that brought records in from outside and still stand, in order; type and major version as parameters.
-- Of another major version, whose rows lie in tables put aside, what was decided and concluded counts as well.
select c.seq, c.source, c.actor, c.mode, c.raw_seq, c.profile::text as profile, c.about::text as about, c.kind, c.contract_version
from khue.commit c
where c.type = $1 and not c.withdrawn
  and (c.kind = 'data' or (c.kind in ('fix', 'release', 'conclusion') and c.profile->>'format' = 'records'
                           and split_part(c.contract_version, '.', 1)::int <> $2))
  and not exists (select from khue.commit r where r.kind = 'revert' and (r.about->>'of')::bigint = c.seq)
  and exists (select from khue.raw w where w.seq = c.raw_seq)
order by c.seq
