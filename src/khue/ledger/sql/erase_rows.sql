-- Delete versions from history.
delete from {history} h where {rows}
