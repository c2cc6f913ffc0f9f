-- What a patch of a measure is merged onto: the standing version that precedes it in observed time.
select {base_columns} from {history} h
where h._id = g._id and h._observed_at <= g._observed_at and {stands}
order by h._observed_at desc, h._seq desc, h._record desc limit 1
