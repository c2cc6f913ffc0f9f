update {stage} b
set _flags = case when _failed = 0 then _flags else array(
        select distinct name collate "C" from unnest(_flags || array(select n from ({checks}) k (n, bit) where _failed & bit <> 0)) name order by 1) end,
    _dimensions = _dimensions | ({dimensions}),
    _quality = case when _applicable + {applicable} > 0 then (_passed + {passed})::real / (_applicable + {applicable})::real else 1 end
where _judged <> 0 and {within}
