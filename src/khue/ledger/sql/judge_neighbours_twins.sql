left join lateral (
    select count(distinct o._id) filter (where not coalesce(o.in_history_{number}, false)) as readings, max(o.{value}) as top
    from live o
    where o._observed_at = l._observed_at and o._id <> l._id and o._order < l._order and o.{value} is not null
) batch_{number} on true
