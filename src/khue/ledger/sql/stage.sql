-- From the loaded rows to typed ones with their digests, before the lock.
insert into {stage} ({names}, _order, _part, _row, _dimensions, _passed, _applicable, _given, _unchanged, _rejected, _digest)
select {names}, _order, _part, _row, _dimensions, _passed, _applicable, _given::varbit, false, false, {digest}
from {load} b
order by _order
