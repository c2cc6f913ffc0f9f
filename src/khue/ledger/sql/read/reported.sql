-- In how many of its periods each source reported, over those that are complete. Parameters: names and periods (seconds)
-- of the sources, since, until. A source is asked from its first commit on; the period that is under way is not counted.
select p.source, p.last - p.first as promised, (
    select count(distinct floor(extract(epoch from c.recorded_at) / p.every))
    from khue.commit c
    where c.source = p.source and c.kind = 'data'
      and c.recorded_at >= to_timestamp(p.first * p.every) and c.recorded_at < to_timestamp(p.last * p.every)
) as reported
from (
    select s.source, s.every, floor(extract(epoch from %s::timestamptz) / s.every)::bigint as last,
           floor(extract(epoch from greatest(%s::timestamptz, began.recorded_at)) / s.every)::bigint as first
    from unnest(%s::text[], %s::float8[]) as s (source, every)
    cross join lateral (select c.recorded_at from khue.commit c where c.source = s.source order by c.seq limit 1) as began
) as p
where p.last > p.first
