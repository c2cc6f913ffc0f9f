-- The present of a dataset, as the public may read it.
create view {view} as
select _id as id, _observed_at as observed_at, _quality as quality, {columns}
from {table}
where {gates}
