-- The last commit; its time is null where nothing was committed yet.
select seq, nullif(recorded_at, '-infinity') as recorded_at from khue.head
