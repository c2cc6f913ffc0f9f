"""State is the fold of history, and both are what a plain model says, for any sequence of batches cut anywhere."""

import itertools
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.ledger.build import cleaned, contract, record

from khue.ledger.commit import Ledger
from khue.ledger.install import install
from khue.ledger.verify import verify

ITEM = st.fixed_dictionaries(
    {
        "station": st.sampled_from("ab"),
        "hours": st.integers(0, 3),
        "deleted": st.sampled_from([False, False, False, True]),
    },
    optional={"rain": st.sampled_from([None, 1.0, 2.0]), "level": st.sampled_from([None, 1.0, 2.0])},
)
BATCH = st.tuples(st.sampled_from(["replace", "patch"]), st.lists(ITEM, min_size=1, max_size=6))
number = itertools.count()
Version = tuple[str, int, float | None, float | None, bool]


def model(kind: str, batches: list[tuple[str, list[dict[str, Any]]]]) -> tuple[list[Version], list[Version]]:
    history: list[Version] = []
    for mode, items in batches:
        for item in items:
            version = _whole(kind, mode, item, history)
            same = [v for v in history if v[0] == version[0] and (kind != "measure" or v[1] == version[1])]
            if not same or same[-1] != version:
                history.append(version)
    state: dict[str, Version] = {}
    for version in history:
        if kind != "measure" or version[0] not in state or state[version[0]][1] <= version[1]:
            state[version[0]] = version
    return history, sorted(state.values())


def _whole(kind: str, mode: str, item: dict[str, Any], history: list[Version]) -> Version:
    station, hours = item["station"], item["hours"]
    own = {"rain": item.get("rain"), "level": item.get("level")}
    if mode == "patch" and not item["deleted"]:
        before = [v for v in history if v[0] == station and (kind != "measure" or v[1] <= hours)]
        base = (
            (max(enumerate(before), key=lambda p: (p[1][1], p[0]))[1] if kind == "measure" else before[-1])
            if before
            else None
        )
        if base and not base[4]:
            own = {name: item[name] if name in item else base[place] for place, name in ((2, "rain"), (3, "level"))}
    return station, hours, own["rain"], own["level"], item["deleted"]


@pytest.mark.parametrize("kind", ["measure", "register"])
@settings(
    max_examples=15, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(batches=st.lists(BATCH, min_size=1, max_size=4), cut=st.integers(0, 6))
def test_state_and_history_are_what_the_model_says(ledger: Ledger, kind: str, batches: list[Any], cut: int) -> None:
    of = contract(kind)
    install(ledger, [of])
    example = f"{next(number)}-"
    for mode, items in batches:
        records = [
            record(
                example + item["station"],
                item["hours"],
                **{k: v for k, v in item.items() if k not in ("station", "hours")},
            )
            for item in items
        ]
        for part in (records[:cut], records[cut:]):
            if part:
                ledger.commit(cleaned(of, part, mode=mode))
    history, state = model(kind, batches)
    assert _found(ledger, "history", example, "_seq, _record") == history
    assert _found(ledger, "state", example, "_id") == state
    assert verify(ledger.database) == []


def _found(ledger: Ledger, schema: str, example: str, order: str) -> list[Version]:
    with psycopg.connect(ledger.database.owner) as connection:
        return connection.execute(
            "select split_part(_id, '-', 3), (extract(epoch from _observed_at - timestamptz '2026-11-01Z') / 3600)::int"
            f", rain, level, _deleted from {schema}.gauge where _id like %s order by {order}",
            (f"%:{example}%",),
        ).fetchall()
