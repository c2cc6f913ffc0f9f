-- The highest of the others before a second reading, where it can fail; a first reading has none of its own before it.
left join lateral (
    select max(o.{value}) as top
    from live o
    where not l.first_{number} and l.{value} >= {minimum}
      and o._observed_at = l._observed_at and o._id <> l._id and o._order < l._order and o.{value} is not null
) batch_{number} on true
