-- The columns that number their rows: after a restore each goes on after its last number.
SELECT n.nspname, c.relname, a.attname
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attidentity <> '' AND c.relkind = 'r' AND n.nspname = ANY(%s)
