-- A contract comes into force; one that was in force before comes again.
insert into khue.contract (type, version, digest, body, seq, recorded_at)
values ($1, $2, $3, $4::text::jsonb, $5, $6)
on conflict (type, version, digest) do update set seq = excluded.seq, recorded_at = excluded.recorded_at
