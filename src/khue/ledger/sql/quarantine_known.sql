-- Which of these records are known: an equal one came before in the batch, or waits or was decided already.
select _order, _part, action
from (
    select q._order, q._part, q.action, row_number() over (partition by received_digest order by _order) > 1
             or exists (select from khue.quarantine k where k.type = {type} and k.received_digest = q.received_digest
                        and k.state in ('open', 'fixed', 'released', 'dismissed')) as known
    from quarantine_load q
) d
where known
