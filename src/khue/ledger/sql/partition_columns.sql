-- The columns of a table, in order; its quoted name as parameter.
select a.attname from pg_attribute a
where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped
order by a.attnum
