-- The ids in the register that a scope may see, as PostgreSQL writes an array. Parameters: agencies, areas, both together (text[]).
select coalesce(array_agg(id), '{}')::text as ids from khue.scope
where agency = any(%s::text[]) or area = any(%s::text[]) or visible_to && %s::text[]
