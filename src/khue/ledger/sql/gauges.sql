-- The numbers that /metrics shows and `khue doctor` judges: gauge, label, value. %(now)s is the caller's clock.
SELECT 'khue_seq' AS gauge, '' AS label, seq::float8 AS value FROM khue.head
UNION ALL
SELECT 'khue_last_commit_seconds', '', extract(epoch FROM %(now)s - recorded_at)::float8
FROM khue.head WHERE isfinite(recorded_at)
UNION ALL
SELECT 'khue_follower_behind', c.follower, (h.seq - c.seq)::float8 FROM khue.cursor c, khue.head h
UNION ALL
SELECT 'khue_follower_failures', follower, failures::float8 FROM khue.cursor
UNION ALL
SELECT 'khue_quarantine_open', type, count(*)::float8 FROM khue.quarantine WHERE state = 'open' GROUP BY type
UNION ALL
SELECT 'khue_quarantine_oldest_seconds', '', extract(epoch FROM %(now)s - min(recorded_at))::float8
FROM khue.quarantine WHERE state = 'open' HAVING count(*) > 0
UNION ALL
SELECT 'khue_backup_age_seconds', '', extract(epoch FROM %(now)s - max(recorded_at))::float8
FROM khue.backup HAVING count(*) > 0
UNION ALL
SELECT 'khue_transaction_longest_seconds', '', coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float8
FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
UNION ALL
SELECT 'khue_lock_waiting', '', count(DISTINCT l.pid)::float8
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE NOT l.granted AND a.datname = current_database()
UNION ALL
SELECT 'khue_lock_wait_longest_seconds', '', coalesce(max(extract(epoch FROM clock_timestamp() - l.waitstart)), 0)::float8
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE NOT l.granted AND a.datname = current_database()
UNION ALL
SELECT 'khue_connections', coalesce(usename::text, ''), count(*)::float8
FROM pg_stat_activity WHERE datname = current_database() GROUP BY usename
UNION ALL
SELECT 'khue_database_bytes', '', pg_database_size(current_database())::float8
UNION ALL
SELECT 'khue_history_partitions', p.relname, count(*)::float8
FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace n ON n.oid = p.relnamespace
WHERE n.nspname = 'history' AND p.relkind = 'p' GROUP BY p.relname
UNION ALL
-- Rows in a default partition: a month's partition was not made in time, and now cannot be made beside them.
SELECT 'khue_history_outside_bytes', c.relname, pg_relation_size(c.oid)::float8
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'history' AND c.relkind = 'r' AND pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT'
