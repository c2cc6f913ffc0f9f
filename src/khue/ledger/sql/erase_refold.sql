-- State of the touched entities, folded again from the versions that remain.
insert into {state} ({names})
select distinct on (h._id) {names} from {history} h where h._id = any($1::text[]) order by h._id, {order}
