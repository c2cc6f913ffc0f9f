-- A follower raised: count it, from one again where it is another commit.
insert into khue.cursor as c (follower, seq, failures, failed_seq, note) values ($1, 0, 1, $2, $3)
on conflict (follower) do update
set failures = case when c.failed_seq = excluded.failed_seq then c.failures + 1 else 1 end,
    failed_seq = excluded.failed_seq, note = excluded.note
returning failures
