-- Digests of rows that changed after staging.
update {stage} b set _digest = {digest} where {within}
