update {stage} set _unchanged = true where _order in ({orders})
