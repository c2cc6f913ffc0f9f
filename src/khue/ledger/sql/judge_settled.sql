-- What judging makes of a row: quality counts the judged checks that applied.
_flags = case when {failed} = 0 then _flags else array(
        select distinct _u._name collate "C" from unnest(_flags || array(select _k._n from ({checks}) _k (_n, _bit) where {failed} & _k._bit <> 0)) _u(_name) order by 1) end,
    _dimensions = _dimensions | ({dimensions}),
    _quality = case when {judged} = 0 then _quality
                    when _applicable + {applicable} > 0 then (_passed + {passed})::real / (_applicable + {applicable})::real else 1 end
