-- Forget what waits: the digest stays, so that the counts of its commit still hold.
update khue.quarantine
set received = null, reasons = null, id = null, note = '', decided_seq = {seq}, state = 'erased'
where type = {type} and ({waiting}) and state <> 'erased'
returning seq
