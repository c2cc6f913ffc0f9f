-- A person lets a stopped follower go on: at the commit where it failed, or elsewhere.
update khue.cursor set failures = 0, failed_seq = null, note = '', seq = coalesce($2, seq) where follower = $1
