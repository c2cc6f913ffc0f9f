-- Commits whose count of rejected records is not what quarantine holds.
select c.seq, c.type, 'it counts ' || (c.counts ->> 'rejected') || ' rejected records, quarantine has ' || coalesce(q.rejected, 0)
from khue.commit c
left join (select seq, count(*) filter (where action = 'reject') as rejected from khue.quarantine group by seq) q on q.seq = c.seq
where coalesce(q.rejected, 0) <> (c.counts ->> 'rejected')::bigint
