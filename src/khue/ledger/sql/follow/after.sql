-- The next commits for a follower, in order; its own conclusions are never given back to it. No types: all.
select seq, recorded_at, type, kind, source, actor, counts::text, about::text from khue.commit
where seq > $1 and (cardinality($2::text[]) = 0 or type = any($2::text[]))
  and about ->> 'follower' is distinct from $3 and kind <> 'contract'
order by seq limit $4
