delete from {history} h where {rows}
