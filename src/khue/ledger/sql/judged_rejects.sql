-- The rows that judging rejected; `waiting`: a field of theirs is held, so that they stand in quarantine already.
select b._order, b._part, b._record, b._row, b._id, b._observed_at, b._failed, b._dimensions,
       exists (select from quarantine_load q where q._order = b._order) as waiting
from {stage} b where _rejected order by b._order
