-- What became of the rows of each part: counts, records that passed each dimension, and the digest of what was written.
select _part,
       count(*) filter (where not _unchanged and not _rejected and _held = '{{}}' and _flags = '{{}}') as clean,
       count(*) filter (where not _unchanged and not _rejected and _held = '{{}}' and _flags <> '{{}}') as flagged,
       count(*) filter (where not _unchanged and not _rejected and _held <> '{{}}') as held,
       count(*) filter (where _unchanged) as unchanged,
       {dimensions},
       sha256(coalesce(string_agg({form}, '' order by _record) filter (where not _unchanged and not _rejected), '')) as rows_digest
from {stage} b
where not _rejected
group by _part
