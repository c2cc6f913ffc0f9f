-- Records that wait, or were decided in the same breath; known ones are left out.
insert into khue.quarantine (seq, record, row, type, source, id, observed_at, action, fields, reasons, received,
                             received_digest, contract_version, owner, state, recorded_at, decided_seq, note)
select {first} + _part, _record, row, {type}, source, id, observed_at, action, fields, reasons, received, received_digest,
       {version}, owner, state, timestamptz '{recorded_at}' + interval '1 microsecond' * _part,
       case when state <> 'open' then {first} + _part end, note
from quarantine_load
where not _order = any ('{known}'::int[])
