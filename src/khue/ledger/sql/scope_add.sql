-- A combination of agency, area and viewers gets its number; the probe first, so that no number is spent for nothing.
insert into khue.scope (agency, area, visible_to)
select $1::text, $2::text, $3::text[] where not exists (
    select from khue.scope where agency = $1::text and area = $2::text and visible_to = $3::text[])
on conflict do nothing
