-- Each commit of a contract version: its rows have their digests, and together the commit's, or what an erasure left of it.
with held as (
    select h._seq, count(*) as rows, sha256(coalesce(string_agg({form}, '' order by h._record), '')) as rows_digest,
           bool_and(h._digest = {digest}) as whole
    from {history} h
    group by h._seq
), erased as (
    select distinct on (touched) touched::bigint as seq, coalesce((e.about->'left'->touched->>0)::bigint, 0) as rows,
           coalesce(decode(e.about->'left'->touched->>1, 'hex'), sha256('')) as rows_digest
    from khue.commit e, jsonb_array_elements_text(e.about->'rows') touched
    where e.kind = 'erase' and e.type = {type}
    order by touched, e.seq desc
), said as (
    select c.seq, coalesce(e.rows, (c.counts->>'clean')::bigint + (c.counts->>'flagged')::bigint + (c.counts->>'held')::bigint) as rows,
           coalesce(e.rows_digest, c.rows_digest) as rows_digest
    from khue.commit c
    left join erased e on e.seq = c.seq
    where c.type = {type} and c.contract_version = {version} and c.kind not in ('contract', 'erase')
)
select s.seq, case when not coalesce(d.whole, true) then 'a row does not have its digest'
                   when coalesce(d.rows, 0) <> s.rows then 'it counts other rows than history holds'
                   else 'its rows do not have its rows_digest' end
from said s
left join held d on d._seq = s.seq
where not coalesce(d.whole, true) or coalesce(d.rows, 0) <> s.rows or coalesce(d.rows_digest, sha256('')) <> s.rows_digest
order by s.seq
