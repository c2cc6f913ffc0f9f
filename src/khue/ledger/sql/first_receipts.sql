-- Which of these positions are in the record, by place, with the commit and its counts.
select p.place - 1, c.seq, c.counts
from unnest($1::text[], $2::text[]) with ordinality p (source, position, place)
join khue.commit c on c.source = p.source and c.position = p.position and not c.withdrawn
