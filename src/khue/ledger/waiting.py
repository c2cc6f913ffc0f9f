"""Selections of quarantine for their owner: the records with what was received, their number, their reasons."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, LiteralString

import orjson
from psycopg import sql

from khue.contract.commit import Quarantined
from khue.contract.scope import EVERYTHING
from khue.ledger.entries import as_quarantined
from khue.ledger.named_sql import named
from khue.ledger.read import Reader

MOST = 100_000


@dataclass(frozen=True, slots=True)
class Selection:
    """Which records of quarantine; None = any. `records` are (seq, record) pairs."""

    state: str | None = "open"
    type: str | None = None
    source: str | None = None
    check: str | None = None
    records: tuple[tuple[int, int], ...] = ()
    limit: int = 50
    offset: int = 0
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """How many records one check holds back or flags; `example` is one of the reasons, or what is known of it."""

    type: str
    check: str
    dimension: str
    action: str
    records: int
    example: Mapping[str, Any]


async def waiting(reader: Reader, selection: Selection) -> tuple[tuple[Quarantined, ...], int]:
    """Return a page of a selection, oldest first, with what was received, and how many records it has in all."""
    conditions, values = _conditions(selection)
    page = sql.SQL("{} where {} order by q.seq, q.record limit %s offset %s").format(named("read/waiting"), conditions)
    total = sql.SQL("select count(*) as total from khue.quarantine as q where {}").format(conditions)
    limits = [max(0, min(selection.limit, MOST)), max(0, selection.offset)]
    async with reader.transaction(EVERYTHING) as connection:
        rows = await (await connection.execute(page, [*values, *limits])).fetchall()
        counted = await (await connection.execute(total, values)).fetchall()
    return tuple(_with_received(row) for row in rows), counted[0]["total"]


async def reasons(reader: Reader, selection: Selection) -> tuple[Counted, ...]:
    """Return the records of a selection counted by the checks that they failed, most first."""
    conditions, values = _conditions(selection)
    text = named("read/waiting_reasons").format(conditions=conditions)
    async with reader.transaction(EVERYTHING) as connection:
        rows = await (await connection.execute(text, values)).fetchall()
    return tuple(
        Counted(row["type"], row["check_name"], row["dimension"], row["action"], row["records"], row["example"])
        for row in rows
    )


async def flagged(reader: Reader, since: datetime) -> tuple[Counted, ...]:
    """Return the entities whose present reading, observed since a moment, was let pass with a flag."""
    found: list[Counted] = []
    async with reader.transaction(EVERYTHING) as connection:
        for contract in reader.contracts.values():
            text = named("read/flagged").format(state=sql.Identifier("state", contract.type))
            for row in await (await connection.execute(text, [since])).fetchall():
                check = contract.checks_by_name.get(row["check_name"])
                example = {"id": row["id"], "observed_at": row["newest"], "check": row["check_name"]}
                dimension = check.dimension if check else ""
                found.append(Counted(contract.type, row["check_name"], dimension, "flag", row["records"], example))
    return tuple(found)


def _conditions(selection: Selection) -> tuple[sql.Composed, list[Any]]:
    wanted: tuple[tuple[object, LiteralString], ...] = (
        (selection.state, "q.state = %s"),
        (selection.type, "q.type = %s"),
        (selection.source, "q.source = %s"),
        (_holding(selection.check), "q.reasons @> %s::jsonb"),
        (selection.seq, "q.seq = %s"),
    )
    parts: list[sql.Composable] = [sql.SQL("true")]
    parts += [sql.SQL(text) for value, text in wanted if value is not None]
    values: list[Any] = [value for value, _ in wanted if value is not None]
    if selection.records:
        parts.append(sql.SQL("(q.seq, q.record) in (select * from unnest(%s::bigint[], %s::int[]))"))
        values += [[seq for seq, _ in selection.records], [record for _, record in selection.records]]
    return sql.SQL(" and ").join(parts), values


def _holding(check: str | None) -> str | None:
    return None if check is None else orjson.dumps([{"check": check}]).decode()


def _with_received(row: Mapping[str, Any]) -> Quarantined:
    received = None if row["received"] is None else orjson.loads(row["received"])
    return replace(as_quarantined(row), received=received)
