-- What readers need beyond the tables of types.

-- A scoped reader finds the ids of its scope, and says as of which commit its answer holds; it sees nothing of the log.
GRANT SELECT ON khue.scope TO khue_scoped;
GRANT SELECT (seq, recorded_at) ON khue.head TO khue_scoped;
GRANT SELECT (seq, recorded_at) ON khue.commit TO khue_scoped;

-- What each source sent last is found without reading the log.
CREATE INDEX commit_source ON khue.commit (source, type, seq);

-- The last commit of each type, for the caches of open data. The name begins with _ so that no dataset can meet it.
CREATE VIEW open._latest AS
SELECT known.type, latest.seq, latest.recorded_at
FROM (SELECT DISTINCT type FROM khue.contract) AS known
CROSS JOIN LATERAL (
    SELECT c.seq, c.recorded_at FROM khue.commit AS c WHERE c.type = known.type ORDER BY c.seq DESC LIMIT 1
) AS latest;
