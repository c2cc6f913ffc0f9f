-- Whether another entity has the value: in state, unless the batch has changed it before, or in the batch before this record.
(exists (select from {state} s where {same_state} and s._id <> l._id and not s._deleted
         and not exists (select from live o where o._id = s._id and o._order < l._order))
 or exists (select from live o where {same_batch} and o._id <> l._id and o._order < l._order and not o._deleted
            and not exists (select from live p where p._id = o._id and p._order > o._order and p._order < l._order)))
