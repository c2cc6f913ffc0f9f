create temp table {stage} (
    {columns}, _order int not null, _part int not null, _row bigint, _dimensions smallint not null,
    _passed int not null, _applicable int not null, _given varbit, _unchanged boolean not null, _rejected boolean not null
) on commit delete rows
