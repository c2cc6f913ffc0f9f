-- The last commit of a type before a moment that was not erased yet; 0 where there is none.
select coalesce(max(seq), 0) from khue.commit where type = $1 and recorded_at < $2 and kind not in ('erase', 'contract')
and seq > coalesce((select max((about -> 'erase' ->> 'before')::bigint) - 1 from khue.commit where type = $1 and kind = 'erase'), 0)
