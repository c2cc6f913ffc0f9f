-- Every (source, type) of the log with its last data commit, by jumping through the index (source, type, seq).
with recursive pair as (
    (select c.source, c.type from khue.commit as c order by c.source, c.type limit 1)
    union all
    select following.source, following.type
    from pair cross join lateral (
        select c.source, c.type from khue.commit as c
        where (c.source, c.type) > (pair.source, pair.type) order by c.source, c.type limit 1
    ) as following
)
select pair.source, pair.type, latest.seq, latest.recorded_at, filled.seqs
from pair
cross join lateral (
    select c.seq, c.recorded_at from khue.commit as c
    where c.source = pair.source and c.type = pair.type and c.kind = 'data' order by c.seq desc limit 1
) as latest
cross join lateral (
    select coalesce(array_agg(recent.seq), '{}') as seqs
    from (select c.seq from khue.commit as c
          where c.source = pair.source and c.type = pair.type and c.kind = 'data'
            and (c.counts->>'clean')::int + (c.counts->>'flagged')::int + (c.counts->>'held')::int > 0
          order by c.seq desc limit 20) as recent
) as filled
