-- Rows with a field held that wait already say nothing new.
update {stage} set _unchanged = true where _order in ({orders})
