-- Entities whose state is not the greatest version of their history.
select coalesce(s._id, h._id), coalesce(s._seq, h._seq)
from {state} s
full join (select distinct on (h._id) {columns} from {history} h order by h._id, {order}) h on h._id = s._id
where row({state_row}) is distinct from row({history_row})
