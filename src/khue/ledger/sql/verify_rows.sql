-- Each commit of a contract version: its rows have their digests, and together the commit's; erased commits are left out.
with held as (
    select h._seq, count(*) as rows, sha256(coalesce(string_agg({form}, '' order by h._record), '')) as rows_digest,
           bool_and(h._digest = {digest}) as whole
    from {history} h
    group by h._seq
)
select c.seq, case when not coalesce(d.whole, true) then 'a row does not have its digest'
                   when coalesce(d.rows, 0) <> (c.counts ->> 'clean')::bigint + (c.counts ->> 'flagged')::bigint + (c.counts ->> 'held')::bigint
                        then 'it counts other rows than history holds'
                   else 'its rows do not have its rows_digest' end
from khue.commit c
left join held d on d._seq = c.seq
where c.type = {type} and c.contract_version = {version}
  and c.kind not in ('contract', 'erase')
  and (not coalesce(d.whole, true)
       or (not exists (select from khue.commit e where e.kind = 'erase' and e.about -> 'rows' @> to_jsonb(c.seq))
           and (coalesce(d.rows, 0) <> (c.counts ->> 'clean')::bigint + (c.counts ->> 'flagged')::bigint + (c.counts ->> 'held')::bigint
                or coalesce(d.rows_digest, sha256('')) <> c.rows_digest)))
order by c.seq
