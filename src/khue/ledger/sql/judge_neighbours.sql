-- What other entities said at the same moment before this batch: how many, the highest and who, and the second highest.
left join (
    select _observed_at, count(*) as readings, (array_agg(_id order by highest desc, _id))[1] as top_id,
           (array_agg(highest order by highest desc, _id))[1] as top, (array_agg(highest order by highest desc, _id))[2] as second
    from (
        select h._observed_at, h._id, max(h.{value}) as highest from {history} h
        where h._observed_at in (select o._observed_at from live o where o.{value} is not null) and h.{value} is not null
        group by h._observed_at, h._id
    ) known
    group by _observed_at
) history_{number} on history_{number}._observed_at = l._observed_at
