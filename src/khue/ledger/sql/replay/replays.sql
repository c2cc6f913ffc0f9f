-- The replays of a type: which records of which original each of them speaks of; one type as parameter.
select c.seq, (c.about->>'of')::bigint as original, array(select value::int from jsonb_array_elements_text(c.about->'records')) as records
from khue.commit c
where c.type = $1 and c.kind = 'replay' and c.about ? 'records'
order by c.seq
