-- The standing version of each case or register: its last one.
select distinct on (h._id) {names}
from {history} h
where {within}
order by h._id, {order}
