"""Reverts among commits, held against a plain model: what stands, what is read, and what was known at any time."""

import itertools
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.ledger.build import T0, cleaned, contract, record

from khue.contract.contract import Share
from khue.contract.label import Label
from khue.contract.query import Query
from khue.contract.scope import EVERYTHING
from khue.ledger.commit import Ledger
from khue.ledger.install import install
from khue.ledger.read import Reader
from khue.ledger.revert import revert
from khue.ledger.verify import verify

pytestmark = pytest.mark.anyio
GAUGE = contract(share=Share("gauges", "readings", ("station", "rain"), licence="x", label=Label("", "")))
ITEM = st.tuples(st.sampled_from("ab"), st.integers(0, 3), st.sampled_from([1.0, 2.0, 3.0, None]))  # None: a deletion
STEP = st.one_of(st.lists(ITEM, min_size=1, max_size=4), st.integers(0, 5))  # a commit, or an undoing
number = itertools.count()


class Model:
    """Each commit's versions of each (station, hour): a value, None for a deletion, "withdrawn" for what never was."""

    def __init__(self) -> None:
        self.versions: dict[tuple[str, int], list[tuple[int, Any]]] = {}
        self.undone = set[int]()

    def commit(self, seq: int, items: list[tuple[str, int, Any]]) -> None:
        for station, hour, value in items:
            known = self.versions.setdefault((station, hour), [])
            if not known or known[-1][1] != value:
                known.append((seq, value))

    def revert(self, seq: int, undone: int) -> None:
        self.undone.add(undone)
        for known in self.versions.values():
            if known and known[-1][0] == undone:
                before = [value for at, value in known if at < undone]
                known.append((seq, before[-1] if before else "withdrawn"))

    def readings(self, seq: int) -> dict[tuple[str, int], Any]:
        last = {key: [value for at, value in known if at <= seq] for key, known in self.versions.items()}
        return {key: known[-1] for key, known in last.items() if known}

    def state(self, seq: int) -> dict[str, tuple[int, float]]:
        standing = {key: value for key, value in sorted(self.readings(seq).items()) if value != "withdrawn"}
        latest = {station: (hour, value) for (station, hour), value in standing.items()}
        return {station: found for station, found in latest.items() if found[1] is not None}


@settings(
    max_examples=15, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEP, min_size=2, max_size=7))
async def test_what_stands_after_reverts_is_what_the_model_says(ledger: Ledger, steps: list[Any]) -> None:
    install(ledger, [GAUGE])
    prefix, model = f"{next(number)}-", Model()
    made: list[tuple[int, bool]] = []
    for step in steps:
        made.append(_step(ledger, model, prefix, step, [seq for seq, data in made if data and seq not in model.undone]))
    assert verify(ledger.database) == []
    async with Reader(ledger.database, {"gauge": GAUGE}, connections=1) as reader:
        for seq, _ in made:
            commit = await reader.commit(seq)
            assert commit is not None
            page = await reader.query(Query("gauge", at=commit.recorded_at), EVERYTHING)
            assert _state(page.rows, prefix) == model.state(seq)
            page = await reader.query(Query("gauge", of="readings", at=commit.recorded_at), EVERYTHING)
            assert _readings(page.rows, prefix) == _values(model.readings(seq))
        page = await reader.query(Query("gauge"), EVERYTHING)
        assert _state(page.rows, prefix) == model.state(made[-1][0])
    with psycopg.connect(ledger.database.public) as connection:
        found = connection.execute("select station, observed_at, rain from open.gauges").fetchall()
    open_rows = [{"station": s, "_observed_at": at, "rain": rain} for s, at, rain in found]
    assert _readings(open_rows, prefix) == _values(model.readings(made[-1][0]))


def _step(ledger: Ledger, model: Model, prefix: str, step: Any, standing: list[int]) -> tuple[int, bool]:
    if isinstance(step, list) or not standing:
        items = step if isinstance(step, list) else [("a", step % 4, 1.0)]
        records = [record(prefix + s, hour, rain=value, deleted=value is None) for s, hour, value in items]
        (receipt,) = ledger.commit(cleaned(GAUGE, records))
        assert receipt.first
        model.commit(receipt.first, items)
        return receipt.first, True
    undone = standing[step % len(standing)]
    receipt = revert(ledger, undone, GAUGE, "tester", "nhầm").receipt
    assert receipt.first
    model.revert(receipt.first, undone)
    return receipt.first, False


def _hour(moment: datetime) -> int:
    return (moment - T0) // timedelta(hours=1)


def _state(rows: Any, prefix: str) -> dict[str, tuple[int, float]]:
    mine = [row for row in rows if row["station"].startswith(prefix)]
    return {row["station"].removeprefix(prefix): (_hour(row["_observed_at"]), row["rain"]) for row in mine}


def _readings(rows: Any, prefix: str) -> dict[tuple[str, int], float]:
    mine = [row for row in rows if row["station"].startswith(prefix)]
    return {(row["station"].removeprefix(prefix), _hour(row["_observed_at"])): row["rain"] for row in mine}


def _values(readings: dict[tuple[str, int], Any]) -> dict[tuple[str, int], float]:
    return {key: value for key, value in readings.items() if isinstance(value, float)}
