-- The last version of each reading, if that one may be open: an older version never shows through.
create view {view} as
select id, observed_at, quality, {columns}
from (
    select distinct on (_id, _observed_at) _id as id, _observed_at as observed_at, _quality as quality, _quality, _flags,
           _deleted, {columns}
    from {table}
    order by _id, _observed_at desc, _seq desc, _record desc
) latest
where {gates}
