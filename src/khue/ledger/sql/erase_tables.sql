-- The major versions that a type had, with the kind of the last contract of each; a type as parameter.
select distinct on (1) split_part(version, '.', 1)::int, body->>'kind' from khue.contract
where type = $1
order by 1, seq desc
