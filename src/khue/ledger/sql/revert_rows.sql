-- What stood before the commit, for everything that it wrote and nobody wrote since; a deletion where nothing stood.
insert into {stage} ({names}, _order, _part, _row, _dimensions, _passed, _applicable, _unchanged, _rejected)
select {picked}, w.place, 0, w.place + 1, 0, 0, 0, false, false
from (
    select _id, _observed_at, _area, _agency, _visible_to, _scope, (row_number() over (order by _id, _observed_at) - 1)::int as place
    from (select distinct on ({key}) _id, _observed_at, _area, _agency, _visible_to, _scope
          from {history} where _seq = {seq} order by {key}, _record desc) written
) w
left join lateral (
    select {before} from {history} h where {same} and h._seq < {seq} order by h._seq desc, h._record desc limit 1
) p on true
where not exists (select from {history} h where {same} and h._seq > {seq})
