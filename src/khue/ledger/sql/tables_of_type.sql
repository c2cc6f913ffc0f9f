-- Tables, partitions and indexes of a type, tables first, for renaming.
select n.nspname, c.relname, case when c.relkind in ('r', 'p') then 'table' else 'index' end
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join pg_index i on i.indexrelid = c.oid
left join pg_class t on t.oid = i.indrelid
where n.nspname in ('state', 'history') and c.relkind in ('r', 'p', 'i', 'I')
  and (coalesce(t.relname, c.relname) = {type} or coalesce(t.relname, c.relname) like {like})
order by 1, 3 desc, 2
