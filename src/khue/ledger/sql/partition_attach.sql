-- The month's table becomes a partition, with the indexes of the others.
alter table {history} attach partition {partition} for values from ({first}) to ({after})
