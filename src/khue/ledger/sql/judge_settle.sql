-- Flags, failed dimensions and quality after judging: quality counts the judged checks that applied.
update {stage} b
set _flags = case when _failed = 0 then _flags else array(
        select distinct _u._name collate "C" from unnest(_flags || array(select _k._n from ({checks}) _k (_n, _bit) where _failed & _k._bit <> 0)) _u(_name) order by 1) end,
    _dimensions = _dimensions | ({dimensions}),
    _quality = case when _applicable + {applicable} > 0 then (_passed + {passed})::real / (_applicable + {applicable})::real else 1 end
where _judged <> 0 and {within}
