-- Entities whose present reading is flagged, by check, with the newest as an example; one observed time as parameter.
select flag as check_name, count(*) as records, (array_agg(s._id order by s._observed_at desc))[1] as id,
       max(s._observed_at) as newest
from {state} as s, unnest(s._flags) as flag
where s._observed_at >= %s and not s._deleted and s._held = array[]::text[]
group by flag
order by count(*) desc, flag
