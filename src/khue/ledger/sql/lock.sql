-- The ledger's lock, always a statement of its own: in one statement with a read it would see a stale snapshot.
update khue.head
set seq = seq + {parts},
    recorded_at = greatest({now}, recorded_at + interval '1 microsecond') + interval '1 microsecond' * ({parts} - 1)
returning seq, hash, recorded_at, contract_seq
