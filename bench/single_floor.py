"""The door without group commit, a transaction a record: `python bench/single_floor.py DSN TYPE PORT CITY`.

The same server (uvicorn, uvloop, httptools) and the same door; behind it one psycopg transaction a record: the ledger's
lock, history, state, the commit row with the raw bytes, COMMIT. It neither cleans nor judges, so it has less to do.
"""

import asyncio
import hashlib
import sys
from typing import Any

import uvicorn
import uvloop
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette

from khue.app.catalogue import read_catalogue
from khue.contract.contract import Contract
from khue.contract.receipt import Receipt
from khue.intake.doors import Doors
from khue.intake.request import Request
from khue.ledger.statements import quoted

CONNECTIONS = 8
LOCK = "update floor.head set seq = seq + 1, recorded_at = clock_timestamp() returning seq, recorded_at"
LOG = """
with raw as (insert into floor.raw values (%s, 0, %s))
insert into floor.commit (seq, recorded_at, type, contract_version, code_version, reference_version, source, actor,
    kind, mode, position, about, profile, counts, raw_seq, raw_digest, rows_digest, hash)
values (%s, %s, 'air_station', '1', '1', '', 'http', 'api', 'data', 'replace', null, '{}', '{}', '{}', %s, %s, '', '')
"""


class OneByOne:
    """Stands where GroupCommit stands: each request is its own transaction."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]", contract: Contract) -> None:
        self._pool = pool
        self._terms = {term: prop.name for term, prop in contract.by_term.items()}
        names = ["_id", "_observed_at", "_recorded_at", "_seq", "_record", "_flags", "_held", "_deleted", "_digest"]
        names += list(contract.by_name)
        self._names = list(contract.by_name)
        listed, places = ", ".join(map(quoted, names)), ", ".join(["%s"] * len(names))
        updates = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in names[1:])
        self._history = f"insert into floor.history ({listed}) values ({places})"
        self._state = (
            f"insert into floor.state as s ({listed}) values ({places}) on conflict (_id) do update set {updates} "
            "where (s._observed_at, s._seq) < (excluded._observed_at, excluded._seq)"
        )

    async def submit(self, request: Request) -> Receipt:
        """Write the records of one request in one transaction."""
        (entity,) = request.entities()
        given = {self._terms[key]: value["value"] for key, value in entity.items() if key in self._terms}
        digest = hashlib.sha256(request.content).digest()
        async with self._pool.connection() as connection, connection.cursor() as cursor:
            await cursor.execute(LOCK)
            seq, now = await cursor.fetchone() or (0, None)
            row = [entity["id"], given["observed_at"], now, seq, 0, [], [], False, digest[:16]]
            row += [given.get(name) for name in self._names]
            await cursor.execute(self._history, row)
            await cursor.execute(self._state, row)
            await cursor.execute(LOG, (seq, request.content, seq, now, seq, digest))
        return Receipt(1, 1, first=seq, last=seq)


async def main(dsn: str, type_name: str, port: int, city: str) -> None:
    """Serve until killed."""
    contract = read_catalogue(city).contract(type_name)
    async with AsyncConnectionPool(dsn, min_size=CONNECTIONS, max_size=CONNECTIONS) as pool:
        await pool.wait()

        async def nothing(*_: object) -> Any:  # noqa: ANN401
            return ()

        group: Any = OneByOne(pool, contract)
        doors = Doors(group, lambda: {type_name: contract}, nothing, nothing, {})
        config = uvicorn.Config(
            Starlette(routes=doors.routes()), port=port, loop="uvloop", http="httptools", lifespan="off",
            access_log=False, log_level="warning",
        )  # fmt: skip
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    uvloop.install()
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]))
