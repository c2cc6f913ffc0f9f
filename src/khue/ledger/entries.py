"""Entries of the log and of quarantine as readers see them, and the statements that read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, LiteralString

import orjson
from psycopg import sql

from khue.contract.commit import Commit, Quarantined
from khue.ledger.named_sql import named
from khue.ledger.query import Statement

Row = Mapping[str, Any]
MOST = 10_000
COMMIT_FIELDS = tuple(field.name for field in fields(Commit))


@dataclass(frozen=True, slots=True)
class Commits:
    """Which commits to read: before a seq (newest first) or after one (in order)."""

    before: int | None = None
    after: int | None = None
    types: Sequence[str] | None = None
    sources: Sequence[str] | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Which:
    """Which records of quarantine to read; None and "" mean all."""

    state: str | None = "open"
    type: str = ""
    source: str = ""
    owner: str = ""
    check: str = ""
    id: str = ""
    seq: int | None = None
    record: int | None = None
    limit: int = 100
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Reason:
    """How many open records one check holds back at one source, with the newest reason as an example."""

    type: str
    source: str
    owner: str
    check: str
    dimension: str
    action: str
    records: int
    newest: datetime
    example: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fates:
    """What became of the records that one source sent of one type in a window.

    `dimensions` {dimension: records that passed}, `checks` {check: records that failed it}.
    """

    source: str
    type: str
    commits: int
    received: int
    clean: int
    flagged: int
    held: int
    rejected: int
    unchanged: int
    dimensions: Mapping[str, int]
    checks: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Activity:
    """What one source last sent of one type, and what became of all that it sent in the window (None: nothing).

    `newest` is the newest observed time among its last twenty commits that put rows into the record.
    """

    source: str
    type: str
    seq: int
    recorded_at: datetime
    newest: datetime | None
    fates: Fates | None


def commits_statement(which: Commits) -> Statement:
    """Return the statement of a stretch of the log."""
    parts: list[sql.Composable] = [sql.SQL("true")]
    values: list[Any] = []
    wanted: tuple[tuple[object, LiteralString], ...] = (
        (which.before, "c.seq < %s"),
        (which.after, "c.seq > %s"),
        (None if which.types is None else list(which.types), "c.type = any(%s::text[])"),
        (None if which.sources is None else list(which.sources), "c.source = any(%s::text[])"),
    )
    for value, text in wanted:
        if value is not None:
            parts.append(sql.SQL(text))
            values.append(value)
    word = sql.SQL("" if which.after is not None else "desc")
    text = sql.SQL("{} where {} order by c.seq {} limit %s")
    values.append(max(0, min(which.limit, MOST)))
    return Statement(text.format(named("read/commits"), sql.SQL(" and ").join(parts), word), tuple(values))


def quarantined_statement(which: Which) -> Statement:
    """Return the statement of a page of quarantine, oldest first."""
    parts: list[sql.Composable] = [sql.SQL("true")]
    values: list[Any] = []
    for name in ("state", "type", "source", "owner", "id", "seq", "record"):
        value = getattr(which, name)
        if value is not None and value != "":
            parts.append(sql.SQL("{} = %s").format(sql.Identifier("q", name)))
            values.append(value)
    if which.check:
        parts.append(sql.SQL("q.reasons @> %s::jsonb"))
        values.append(orjson.dumps([{"check": which.check}]).decode())
    text = sql.SQL("{} where {} order by q.seq, q.record limit %s offset %s")
    values += [max(0, min(which.limit, MOST)), max(0, which.offset)]
    return Statement(text.format(named("read/quarantined"), sql.SQL(" and ").join(parts)), tuple(values))


def as_commit(row: Row) -> Commit:
    """Return a row of the log as a commit."""
    return Commit(**{name: row[name] for name in COMMIT_FIELDS})


def as_quarantined(row: Row) -> Quarantined:
    """Return a row of quarantine, without the record as received."""
    names = ("seq", "record", "row", "type", "source", "id", "observed_at", "action", "owner", "state", "recorded_at")
    rest: dict[str, Any] = {name: row[name] for name in (*names, "decided_seq", "note")}
    return Quarantined(**rest, fields=tuple(row["fields"]), reasons=tuple(row["reasons"] or ()), received=None)


def as_reason(row: Row) -> Reason:
    """Return a row of the reasons' counts."""
    names = ("type", "source", "owner", "dimension", "action", "records", "newest", "example")
    return Reason(check=row["check_name"], **{name: row[name] for name in names})


def as_fates(row: Row) -> Fates:
    """Return a row of the counts, with the commits' dimensions and checks added up."""
    simple: dict[str, Any] = {field.name: row[field.name] for field in fields(Fates)}
    simple["dimensions"], simple["checks"] = _added(row["dimensions"]), _added(row["checks"])
    return Fates(**simple)


def _added(counts: Sequence[Mapping[str, int] | None]) -> Mapping[str, int]:
    total: dict[str, int] = {}
    for one in counts:
        for name, count in (one or {}).items():
            total[name] = total.get(name, 0) + count
    return total
