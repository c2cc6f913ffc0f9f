-- Which of these positions are in the record, by place, with the commit, its counts and what it was made of.
select p.place - 1, c.seq, c.counts, c.raw_digest, c.about ->> 'entity'
from unnest($1::text[], $2::text[]) with ordinality p (source, position, place)
join khue.commit c on c.source = p.source and c.position = p.position and not c.withdrawn
