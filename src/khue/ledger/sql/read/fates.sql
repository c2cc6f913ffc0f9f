-- What became of the records received in a window, by source and type. Parameters: since, until (recorded time).
select c.source, c.type, count(*) as commits,
       coalesce(sum((c.counts->>'received')::bigint), 0)::bigint as received,
       coalesce(sum((c.counts->>'clean')::bigint), 0)::bigint as clean,
       coalesce(sum((c.counts->>'flagged')::bigint), 0)::bigint as flagged,
       coalesce(sum((c.counts->>'held')::bigint), 0)::bigint as held,
       coalesce(sum((c.counts->>'rejected')::bigint), 0)::bigint as rejected,
       coalesce(sum((c.counts->>'unchanged')::bigint), 0)::bigint as unchanged,
       array_agg(c.counts->'dimensions') as dimensions, array_agg(c.counts->'checks') as checks
from khue.commit as c
where c.recorded_at >= %s and c.recorded_at < %s and c.kind = 'data' and not c.withdrawn
group by c.source, c.type
order by c.source, c.type
