select distinct _id, _seq from {history} h where {rows}
