-- Whether a reading's version was not taken back: by itself, or by a later version of the same moment that is known.
not '_withdrawn' = any({table}._flags) and not exists (
    select from {history} w
    where w._id = {table}._id and w._observed_at = {table}._observed_at and (w._seq, w._record) > ({table}._seq, {table}._record)
      and w._deleted and '_withdrawn' = any(w._flags) and {known})
