-- The last commit of a type, as the public may know it. Parameter: the type.
select seq, recorded_at from open._latest where type = %s
