-- The ids that a revert leaves alone, because somebody changed them since.
select distinct w._id from {history} w
where w._seq = {seq} and exists (select from {history} h where {same} and h._seq > {seq})
order by 1
