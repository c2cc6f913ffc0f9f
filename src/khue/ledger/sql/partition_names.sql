-- The partitions of a type's history; the type as parameter.
select c.relname from pg_inherits i
join pg_class c on c.oid = i.inhrelid
join pg_class p on p.oid = i.inhparent
join pg_namespace n on n.oid = p.relnamespace
where n.nspname = 'history' and p.relname = $1
