update khue.quarantine
set received = null, reasons = null, id = null, note = '', decided_seq = {seq}, state = 'erased'
where type = {type} and ({waiting}) and state <> 'erased'
returning seq
