-- Entities whose state is not the standing version of their history.
select coalesce(s._id, h._id), coalesce(s._seq, h._seq)
from {state} s
full join ({fold}) h on h._id = s._id
where row({state_row}) is distinct from row({history_row})
