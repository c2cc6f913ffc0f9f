-- Of the failed rows, those before which no other failed that they could depend on: their verdict is final.
update {stage} c set _rejected = true
from (
    select b._order{numbers}
    from {stage} b
    where not _unchanged and not _rejected and _failed & {mask} <> 0 and {within}
) d
where c._order = d._order and ({firsts})
returning c._order
