"""The reader: every question to the record goes through here, in one read-only transaction under its scope."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from khue.contract.commit import Commit, Quarantined
from khue.contract.contract import Contract
from khue.contract.domain import Number
from khue.contract.errors import NotFound
from khue.contract.query import Page, Query
from khue.contract.scope import EVERYTHING, PUBLIC, Scope
from khue.ledger.aggregate import Measured, Point, Series, number_statement, readings_query, series_statement
from khue.ledger.database import Database, Role, pool
from khue.ledger.entries import (
    Activity,
    Commits,
    Fates,
    Reason,
    Which,
    as_commit,
    as_fates,
    as_quarantined,
    as_reason,
    commits_statement,
    quarantined_statement,
)
from khue.ledger.named_sql import named
from khue.ledger.open_read import Part, open_copy, open_select
from khue.ledger.policies import scope_ids
from khue.ledger.query import Builder, Cells, Known, Statement, no_cells
from khue.ledger.tail import Tail

Row = dict[str, Any]
Connection = psycopg.AsyncConnection[Row]
AsOf = tuple[int, datetime | None]


class Reader:
    """Reads the record; open it as `async with Reader(database, contracts) as reader`.

    `contracts` is read anew at each question, so the caller may change it when a contract changes.
    `cells` gives the grid cells of a window (`khue.clean.place.cells`). Each role has its own pool, opened when
    it is first used, so that a process that serves the public alone needs the public's password alone.
    """

    def __init__(
        self, database: Database, contracts: Mapping[str, Contract], cells: Cells = no_cells, connections: int = 8
    ) -> None:
        self._database, self.contracts, self._cells, self._connections = database, contracts, cells, connections
        self._pools: dict[Role, AsyncConnectionPool[psycopg.AsyncConnection[tuple[Any, ...]]]] = {}
        self._opening = asyncio.Lock()
        self._tail = Tail(database, self._after, self._head)

    async def __aenter__(self) -> "Reader":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the pools and the tail."""
        await self._tail.stop()
        while self._pools:
            await self._pools.popitem()[1].close()

    @asynccontextmanager
    async def transaction(self, scope: Scope) -> AsyncGenerator[Connection]:
        """Lend a connection of the scope's role in one read-only snapshot, its scope set."""
        opened = await self._pool(scope.role)
        async with opened.connection() as connection:
            await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
            lent: Connection = connection  # pyright: ignore[reportAssignmentType]  the row factory below makes it so
            lent.row_factory = dict_row  # pyright: ignore[reportAttributeAccessIssue]
            if scope.role == "scoped":
                await self._narrow(lent, scope)
            yield lent

    async def query(self, query: Query, scope: Scope) -> Page:
        """Return one page of a query."""
        async with self.transaction(scope) as connection:
            known = await self._known(connection, query.at)
            builder = Builder(query, self.contract(query.type), known if query.at else None, self._cells)
            rows = await _all(connection, builder.rows())
            total = (await _all(connection, builder.total()))[0]["total"] if query.count else None
            return Page(tuple(rows), total, known.seq)

    async def number(self, number: Number, scope: Scope, at: datetime | None = None) -> Measured:
        """Return a number of the city over the latest readings of its type."""
        async with self.transaction(scope) as connection:
            known = await self._known(connection, at)
            query = Query(number.type, at=at)
            builder = Builder(query, self.contract(number.type), known if at else None, self._cells)
            row = (await _all(connection, number_statement(number, builder)))[0]
            return Measured(**row, as_of=known.seq)

    async def series(self, series: Series, scope: Scope) -> tuple[Point, ...]:
        """Return a series in buckets of time; buckets without readings are absent."""
        async with self.transaction(scope) as connection:
            known = await self._known(connection, series.at) if series.at else None
            builder = Builder(readings_query(series), self.contract(series.type), known, self._cells)
            rows = await _all(connection, series_statement(series, builder))
            return tuple(Point(**row) for row in rows)

    async def as_of(self, at: datetime | None = None) -> AsOf:
        """Return seq and time of the last commit (0 and None where there is none), or of the last one known `at`."""
        async with self.transaction(EVERYTHING) as connection:
            known = await self._known(connection, at)
            return known.seq, known.at

    async def commits(self, which: Commits) -> tuple[Commit, ...]:
        """Return a stretch of the log: newest first, or in order where `after` is given."""
        return tuple(as_commit(row) for row in await self._read(commits_statement(which)))

    async def commit(self, seq: int) -> Commit:
        """Return one commit."""
        found = await self.commits(Commits(before=seq + 1, after=seq - 1, limit=1))
        if not found:
            raise NotFound(f"There is no commit {seq}")
        return found[0]

    async def quarantined(self, which: Which) -> tuple[Quarantined, ...]:
        """Return records of quarantine, oldest first, without the record as received."""
        return tuple(as_quarantined(row) for row in await self._read(quarantined_statement(which)))

    async def quarantine_reasons(self) -> tuple[Reason, ...]:
        """Return how many open records each check holds back at each source, most first."""
        statement = Statement(sql.Composed([named("read/quarantine_reasons")]), ())
        return tuple(as_reason(row) for row in await self._read(statement))

    async def received(self, seq: int, record: int) -> Quarantined:
        """Return one record of quarantine with what was received; the caller says who may see it."""
        found = await self.quarantined(Which(state=None, seq=seq, record=record, limit=1))
        if not found:
            raise NotFound(f"There is no record {record} of commit {seq} in quarantine")
        text = sql.SQL("select received from khue.quarantine where seq = %s and record = %s")
        rows = await self._read(Statement(text.format(), (seq, record)))
        content = rows[0]["received"]
        return replace(found[0], received=None if content is None else orjson.loads(content))

    async def fates(self, since: datetime, until: datetime) -> tuple[Fates, ...]:
        """Return what became of the records received from `since` to `until`, by source and type."""
        rows = await self._read(Statement(sql.Composed([named("read/fates")]), (since, until)))
        return tuple(as_fates(row) for row in rows)

    async def source_activity(self, since: datetime, until: datetime) -> tuple[Activity, ...]:
        """Return what each source last sent of each type, with its fates from `since` to `until`."""
        fates = {(one.source, one.type): one for one in await self.fates(since, until)}
        found: list[Activity] = []
        for row in await self._read(Statement(sql.Composed([named("read/source_names")]), ())):
            source, of, seqs = row["source"], row["type"], row["seqs"]
            newest = await self._newest(of, seqs) if seqs and of in self.contracts else None
            found.append(Activity(source, of, row["seq"], row["recorded_at"], newest, fates.get((source, of))))
        return tuple(found)

    def tail(self, after: int) -> AsyncIterator[Commit]:
        """Yield every commit after a seq, in order, without end; all streams of a process share one follower."""
        return self._tail.after(after)

    async def open_as_of(self, type_name: str) -> AsOf:
        """Return seq and time of the last commit of a type, as the public's role sees them."""
        async with self.transaction(PUBLIC) as connection:
            rows = await _all(connection, Statement(sql.Composed([named("read/latest")]), (type_name,)))
            return (rows[0]["seq"], rows[0]["recorded_at"]) if rows else (0, None)

    async def open_csv(self, type_name: str, part: Part) -> AsyncIterator[bytes]:
        """Yield a type's open dataset as CSV, as the public's role reads it."""
        copy_text = open_copy(self.contract(type_name), part)
        async with self.transaction(PUBLIC) as connection:
            await connection.execute("set local time zone 'UTC'")
            await connection.execute("set local statement_timeout = '10min'")  # a client that reads slowly holds it
            async with connection.cursor() as cursor, cursor.copy(copy_text) as copy:
                async for block in copy:
                    yield bytes(block)

    async def open_rows(self, type_name: str, part: Part) -> AsyncIterator[Row]:
        """Yield a type's open dataset row by row, as the public's role reads it."""
        statement = open_select(self.contract(type_name), part)
        async with self.transaction(PUBLIC) as connection, connection.cursor("open_rows") as cursor:
            cursor.itersize = 1_000
            await cursor.execute(statement.text)
            async for row in cursor:
                yield row

    async def missing(self) -> str:
        """Return "" where the ledger answers, else what is wrong."""
        try:
            await self.as_of()
        except (psycopg.Error, PoolTimeout) as error:
            return f"the database does not answer: {error}"
        return ""

    def pool_stats(self) -> Mapping[str, Mapping[str, int]]:
        """Return what each role's pool says of itself (pool_size, pool_available, requests_waiting, …)."""
        return {role: opened.get_stats() for role, opened in self._pools.items()}

    def contract(self, type_name: str) -> Contract:
        """Return the contract of a type."""
        if type_name not in self.contracts:
            known = ", ".join(sorted(self.contracts))
            raise NotFound(f"There is no type {type_name!r}", why=f"the types are: {known}")
        return self.contracts[type_name]

    async def _after(self, seq: int, limit: int) -> tuple[Commit, ...]:
        return await self.commits(Commits(after=seq, limit=limit))

    async def _head(self) -> int:
        return (await self.as_of())[0]

    async def _newest(self, type_name: str, seqs: list[int]) -> datetime | None:
        text = sql.SQL("select max(h._observed_at) as newest from {} as h where h._seq = any(%s::bigint[])")
        statement = Statement(text.format(sql.Identifier("history", type_name)), (seqs,))
        return (await self._read(statement))[0]["newest"]

    async def _read(self, statement: Statement) -> list[Row]:
        async with self.transaction(EVERYTHING) as connection:
            return await _all(connection, statement)

    async def _known(self, connection: Connection, at: datetime | None) -> Known:
        statement = Statement(sql.Composed([named("read/seq_at" if at else "read/head")]), (at,) if at else ())
        rows = await _all(connection, statement)
        return Known(rows[0]["seq"], at or rows[0]["recorded_at"]) if rows else Known(0, at)

    async def _narrow(self, connection: Connection, scope: Scope) -> None:
        rows = await _all(connection, Statement(sql.Composed([named("read/scope_ids")]), scope_ids(scope)))
        await connection.execute(sql.SQL("set local khue.scopes = {}").format(sql.Literal(rows[0]["ids"])))

    async def _pool(self, role: Role) -> AsyncConnectionPool[psycopg.AsyncConnection[tuple[Any, ...]]]:
        async with self._opening:
            if role not in self._pools:
                opened = pool(self._database, role, self._connections)
                await opened.open()
                self._pools[role] = opened
        return self._pools[role]


async def _all(connection: Connection, statement: Statement) -> list[Row]:
    cursor = await connection.execute(statement.text, statement.values)
    return await cursor.fetchall()
