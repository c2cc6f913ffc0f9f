"""`khue verify`: what the record says of itself, proved again from its rows.

The chain of hashes, every rows_digest from the columns, counts against rows, raw bytes against their digests, and
state as the fold of history. What was erased is accepted where a commit of kind "erase" names it. Read-only, in one
snapshot; the heavy work is PostgreSQL's.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
import zstandard

from khue.ledger.chain import GENESIS, Entry, link
from khue.ledger.database import Database
from khue.ledger.fold import fold
from khue.ledger.merge_sql import FORM, digest_expression
from khue.ledger.statements import fill, literal, quoted

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not hold: which law, of which commit or type, and what was found."""

    law: str
    seq: int | None
    type: str
    what: str


@dataclass(frozen=True, slots=True)
class Table:
    """The tables of one major version of a type, and the columns that each contract version digests."""

    type: str
    name: str  # of the tables: the type, or `<type>_v<major>` once put aside
    kind: str
    major: int
    own: Mapping[str, tuple[str, ...]]  # contract version → its columns, in order


def verify(database: Database) -> list[Finding]:
    """Return everything that does not hold; nothing, if the record is whole."""
    with psycopg.connect(database.owner) as connection:
        connection.execute("set transaction isolation level repeatable read, read only")
        connection.execute("set local timezone = 'UTC'")
        return [
            *_chain(connection),
            *_raw(connection),
            *(finding for table in _tables(connection) for finding in _type(connection, table)),
            *_quarantine(connection),
        ]


def _chain(connection: Connection) -> Iterator[Finding]:
    """Walk the commits in order: no seq is missing, and each hash follows from the one before."""
    previous, last = GENESIS, 0
    names = ", ".join(Entry.__slots__)
    with connection.cursor("chain") as cursor:
        cursor.itersize = 5_000
        cursor.execute(f"select {names}, hash from khue.commit order by seq".encode())  # noqa: S608  names are ours
        for row in cursor:
            entry = Entry(**dict(zip(Entry.__slots__, row, strict=False)))
            if entry.seq != last + 1:
                yield Finding("chain", entry.seq, entry.type, f"the commit before it is {last}")
            if link(previous, entry) != row[-1]:
                yield Finding("chain", entry.seq, entry.type, "its hash does not follow from what it says")
            previous, last = row[-1], entry.seq
    head = connection.execute("select seq, hash from khue.head").fetchone()
    if head != (last, previous):
        yield Finding("chain", last, "", "the head does not stand at the last commit")


def _raw(connection: Connection) -> Iterator[Finding]:
    """Every commit's raw bytes are there and have the digest, unless they were erased."""
    query = fill("verify_raw").encode()
    for seq, type_name, digest, pieces in connection.execute(query):
        if pieces is None:
            yield Finding("raw", seq, type_name, "its bytes as received are missing")
        elif hashlib.sha256(b"".join(map(zstandard.decompress, pieces))).digest() != digest:
            yield Finding("raw", seq, type_name, "its bytes as received are not those that came")


def _tables(connection: Connection) -> Iterator[Table]:
    found: dict[tuple[str, int], dict[str, tuple[str, ...]]] = {}
    kinds: dict[tuple[str, int], str] = {}
    newest: dict[str, int] = {}
    query = "select type, version, body from khue.contract order by seq"
    for type_name, version, body in connection.execute(query):
        major = int(version.split(".", maxsplit=1)[0])
        own = tuple(prop["name"] for prop in body["properties"])
        found.setdefault((type_name, major), {})[version] = own
        kinds[type_name, major], newest[type_name] = body["kind"], major
    for (type_name, major), own in found.items():
        name = type_name if newest[type_name] == major else f"{type_name}_v{major}"
        yield Table(type_name, name, kinds[type_name, major], major, own)


def _type(connection: Connection, table: Table) -> Iterator[Finding]:
    history, state = quoted("history", table.name), quoted("state", table.name)
    for version, own in table.own.items():
        places = {"history": history, "type": literal(table.type), "version": literal(version)}
        rows = fill("verify_rows", digest=digest_expression(own, "h"), form=FORM.format(t="h"), **places)
        for seq, what in connection.execute(rows.encode()):
            yield Finding("rows", seq, table.type, what)
    own = list(table.own.values())[-1]
    names = (
        "_area",
        "_agency",
        "_visible_to",
        "_scope",
        "_observed_at",
        "_recorded_at",
        "_seq",
        "_record",
        "_x",
        "_y",
        "_cell",
    )
    compared = (*names, "_quality", "_flags", "_held", "_extra", "_deleted", "_digest", *own)
    stray = fill(
        "verify_state",
        state=state,
        fold=fold(table.kind, history, ", ".join(f"h.{quoted(name)}" for name in ("_id", *compared))),
        state_row=", ".join(f"s.{quoted(name)}" for name in compared),
        history_row=", ".join(f"h.{quoted(name)}" for name in compared),
    )
    for entity, seq in connection.execute(stray.encode()):
        yield Finding("state", seq, table.type, f"state of {entity} is not the fold of its history")


def _quarantine(connection: Connection) -> Iterator[Finding]:
    for seq, type_name, what in connection.execute(fill("verify_quarantine").encode()):
        yield Finding("quarantine", seq, type_name, what)
