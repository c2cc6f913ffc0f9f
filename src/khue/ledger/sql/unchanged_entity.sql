-- A case or register: the row before it of the same id, in the batch or else in state, has the same content.
update {stage} c set _unchanged = true
from (
    select b._order, coalesce(lag(_digest) over (partition by _id order by _order),
                              (select s._digest from {state} s where s._id = b._id)) as before
    from {stage} b
    where not _rejected and not _unchanged and {within}
) d
where c._order = d._order and c._digest = d.before and c._held = '{{}}'
