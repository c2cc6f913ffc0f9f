-- Values of a property in one commit that the master data it refers to does not have; one seq as parameter.
select distinct h.{value} as value
from {history} h
where h._seq = $1 and not h._deleted and h.{value} is not null
  and not exists (select from {master} m where m.{key} = h.{value} and not m._deleted)
order by 1
