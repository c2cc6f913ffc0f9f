"""A frame may be cut anywhere: clean and the ledger's judging come to the same, in one batch or in many."""

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import polars as pl
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from khue.clean.clean import clean
from khue.contract.batch import RECORD, ROW, Batch, Mode, Part, Raw
from khue.contract.check import Check
from khue.contract.contract import Contract, Kind
from khue.contract.label import Label
from khue.contract.property import Property
from khue.contract.receipt import Receipt
from khue.ledger.commit import Ledger
from khue.ledger.database import Database
from khue.ledger.install import install
from khue.ledger.verify import verify

NOW = datetime(2026, 11, 22, tzinfo=UTC)
NAME = Label("Tên", "Name")
REASON = Label("Dòng {row}, cột {column}: {value}", "Row {row}, column {column}: {value}")


def check(name: str, kind: str, on_fail: str, field: str | None = None, **arguments: Any) -> Check:
    return Check(name, kind, "accurate", on_fail, field, REASON, arguments)  # type: ignore[arg-type]


CHECKS = (
    check("station_required", "required", "reject", "station"),
    check("rain_possible", "range", "hold", "rain", minimum=0, maximum=1000),
    check("rain_rare", "range", "flag", "rain", maximum=200),
    check("rain_under_level", "predicate", "flag", sql="rain <= level + 500"),
    check("rain_spike", "spike", "flag", "rain", minimum=100, factor=5, within=7200),
    check("rain_neighbours", "neighbours", "flag", "rain", minimum=100, factor=5, least=1),
    check("gap", "gap", "flag", every=3600),
    check("repeated", "repeated", "flag"),
    check("level_unique", "unique", "reject", "level", properties=["level"]),
)
PROPERTIES = (
    Property("station", "string", NAME, folded=True),
    Property("at", "timestamp", NAME),
    Property("rain", "number", NAME),
    Property("level", "number", NAME),
)
MINE: dict[str, tuple[str, ...]] = {"measure": ("spike", "neighbours", "gap", "repeated"), "register": ("unique",)}
CELLS = {
    "station": [None, "A", "B", "C"],
    "at": ["2026-11-20 00:00", "2026-11-20 01:00", "2026-11-20 02:00", "2026-11-20 05:00", "hôm qua"],
    "rain": [None, "1", "1,0", "150", "700", "3000", "-1", "nhiều"],
    "level": [None, "1", "2", "3"],
    "_broken": [None, None, None, None, "the line is no JSON"],
}
RECORDS = st.lists(st.fixed_dictionaries({name: st.sampled_from(cells) for name, cells in CELLS.items()}), max_size=24)


def contract(name: str, kind: Kind) -> Contract:
    judged = {one for kinds in MINE.values() for one in kinds} - set(MINE[kind])
    checks = tuple(one for one in CHECKS if one.kind not in judged)
    observed = "at" if kind == "measure" else None
    return Contract(
        name, "Rain", "1.0.0", kind, "active", NAME, "", "so", "{station}", observed, PROPERTIES, checks,
    )  # fmt: skip


class Room:
    """A ledger with one type for the frame as a whole and one for its pieces, emptied before each example."""

    def __init__(self, database: Database, admin: str, kind: Kind) -> None:
        self.ledger = Ledger(database, lambda: NOW)
        self.whole, self.pieces = contract(f"whole_{kind}", kind), contract(f"pieces_{kind}", kind)
        self.admin = admin
        install(self.ledger, [self.whole, self.pieces])

    def empty(self) -> None:
        tables = [f'{schema}."{one.type}"' for schema in ("state", "history") for one in (self.whole, self.pieces)]
        with psycopg.connect(self.admin, autocommit=True) as connection:
            connection.execute(f"truncate khue.quarantine, {', '.join(tables)}".encode())

    def take(self, of: Contract, frame: pl.DataFrame, mode: Mode) -> Receipt:
        part = Part(0, frame.height, "test", "tester", Raw(b"x", hashlib.sha256(b"x").digest()))
        (receipt,) = self.ledger.commit(clean(Batch(of.type, frame, (part,), mode), of, {}, NOW))
        return replace(receipt, first=None, last=None)

    def content(self, of: Contract) -> tuple[list[Any], list[Any], list[Any]]:
        """Return state, history and quarantine of a type, without what says when and in which commit."""
        columns = "_id, _observed_at, _flags, _held, _quality, _deleted, _digest, station, at, rain, level"
        with psycopg.connect(self.admin) as connection:
            state = connection.execute(f'select {columns} from state."{of.type}" order by _id'.encode()).fetchall()
            history = f'select {columns} from history."{of.type}" order by _seq, _record'
            waits = """select row, id, observed_at, action, fields, reasons, received from khue.quarantine
                       where type = %s order by seq, record"""
            return state, connection.execute(history.encode()).fetchall(), connection.execute(
                waits.encode(), [of.type]
            ).fetchall()  # fmt: skip


@pytest.fixture(params=["measure", "register"])
def room(request: pytest.FixtureRequest, database: Database, administrator: Any) -> Iterator[Room]:
    made = Room(database, administrator.uri, request.param)
    yield made
    made.ledger.close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=RECORDS, cuts=st.sets(st.integers(1, 23), max_size=5), mode=st.sampled_from(["replace", "patch"]))
def test_cleaned_and_judged_in_pieces_is_as_in_one(
    room: Room, records: list[dict[str, Any]], cuts: set[int], mode: Mode
) -> None:
    if mode == "patch":  # a patch names an entity once in a batch: what the doors see to
        seen: set[Any] = set()
        records = [one for one in records if not (one["station"] in seen or seen.add(one["station"]))]
    frame = pl.DataFrame(records, schema=dict.fromkeys(CELLS, pl.String)).with_columns(
        pl.int_range(pl.len(), dtype=pl.Int32).alias(RECORD), pl.int_range(pl.len(), dtype=pl.Int64).alias(ROW)
    )
    edges = [0, *sorted(cut for cut in cuts if cut < frame.height), frame.height]
    room.empty()
    together = room.take(room.whole, frame, mode)
    apart = Receipt()
    for start, end in itertools.pairwise(edges):
        piece = frame.slice(start, end - start).with_columns(pl.int_range(pl.len(), dtype=pl.Int32).alias(RECORD))
        apart = apart.plus(room.take(room.pieces, piece, mode))
    assert replace(apart, first=None, last=None) == together
    assert room.content(room.pieces) == room.content(room.whole)


def test_the_record_of_pieces_holds(room: Room) -> None:
    rows = [{name: cells[n % len(cells)] for name, cells in CELLS.items()} for n in range(60)]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(CELLS, pl.String))
    for start in range(0, 60, 7):
        room.take(room.pieces, frame.slice(start, 7), "replace")
    assert verify(room.ledger.database) == []
