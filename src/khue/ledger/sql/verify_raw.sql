-- The bytes as received of every commit that holds its own and was not told to forget them.
select c.seq, c.type, c.raw_digest, (select array_agg(r.bytes order by r.part) from khue.raw r where r.seq = c.seq)
from khue.commit c
where c.raw_seq = c.seq
  and not exists (select from khue.commit e where e.kind = 'erase' and e.about -> 'raw' @> to_jsonb(c.seq))
