-- One entry of the log a row; the rest of the statement (where, order, limit) follows.
select c.seq, c.recorded_at, c.type, c.contract_version, c.source, c.actor, c.kind, c.mode, c.position, c.counts, c.about,
       encode(c.raw_digest, 'hex') as raw_digest, encode(c.rows_digest, 'hex') as rows_digest, encode(c.hash, 'hex') as hash
from khue.commit as c
