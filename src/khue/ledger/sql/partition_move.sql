-- Rows of the month leave the default partition: usually none.
with moved as (
    delete from {other} where _recorded_at >= {first} and _recorded_at < {after} returning {names}
)
insert into {partition} ({names}) select {names} from moved
