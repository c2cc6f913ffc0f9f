update {stage} b set _digest = {digest} where {within}
