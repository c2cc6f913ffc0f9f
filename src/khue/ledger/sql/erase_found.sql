-- Which entities and commits an erasure touches, before it does.
select distinct _id, _seq from {history} h where {rows}
