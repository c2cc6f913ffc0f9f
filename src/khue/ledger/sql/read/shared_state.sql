-- What stands of a type, and how much of it is open. Parameters: least quality, checks that shut.
select count(*) as lawful, count(*) filter (where s._quality >= %s and not s._flags && %s::text[]) as opened
from {state} s
where not s._deleted
