-- What is merged under the lock: the columns of history, and what the record itself never keeps.
create temp table {stage} (
    {columns}, _order int not null, _part int not null, _row bigint, _dimensions smallint not null,
    _passed int not null, _applicable int not null, _given varbit, _unchanged boolean not null, _rejected boolean not null,
    _judged int not null default 0, _failed int not null default 0
) on commit delete rows
