-- Each live row with the one before it, in the batch or else state's: of a measure the one that advanced it in time.
with live as materialized (
    select b._order, b._part, b._id, b._observed_at, b._deleted, b._digest, s._observed_at as state_at{own}{before}{live_columns}
    from {stage} b
    left join lateral (select s._observed_at{state_columns} from {state} s where s._id = b._id limit 1) s on true
    where not b._unchanged and not b._rejected and {within}
), timed as (
    select {live}, coalesce(_observed_at > {latest}, false) as advances
        {columns}
    from live
), l as (
    select {timed}, advances, case when lag(_order) over earlier is null then state_at else lag(_observed_at) over earlier end as previous_at
        {previous}
    from timed
    window earlier as (partition by {line} order by _order)
)
update {stage} c set _judged = d.judged, _failed = d.failed{settled}
from (select l._order, {judged} as judged, {failed} as failed from l {joins}) d
where c._order = d._order
