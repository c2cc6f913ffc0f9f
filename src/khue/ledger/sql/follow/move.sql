-- A cursor moves forward only, and a move ends its failures.
insert into khue.cursor (follower, seq) values ($1, $2)
on conflict (follower) do update set seq = greatest(khue.cursor.seq, excluded.seq), failures = 0, failed_seq = null, note = ''
