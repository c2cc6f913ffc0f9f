-- State of the touched entities, folded again from the versions that remain.
insert into {state} ({names}) {fold}
