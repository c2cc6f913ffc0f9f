-- A record with a field held waits already: its row becomes a rejection with both reasons.
update quarantine_load set action = 'reject', reasons = reasons || $2::text::jsonb, flags = flags || $3::text[]
where _order = $1
