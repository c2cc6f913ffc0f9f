-- The last commit known at a moment. Parameter: the moment.
select seq, recorded_at from khue.commit where recorded_at <= %s order by recorded_at desc limit 1
