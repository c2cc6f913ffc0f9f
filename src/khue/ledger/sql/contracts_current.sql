-- The digest of the contract in force, for each type.
select distinct on (type) type, digest from khue.contract order by type, seq desc
