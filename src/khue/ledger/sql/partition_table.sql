-- A month's table, before it is a partition: PostgreSQL makes none beside rows of its month in the default one.
create table {partition} (like {history} including defaults)
