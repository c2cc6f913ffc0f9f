"""Judged checks, and the law that a batch may be cut anywhere without changing a verdict."""

import itertools
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.ledger.build import cleaned, contract, judged, record

from khue.contract.contract import Contract
from khue.ledger.commit import Ledger
from khue.ledger.install import install

SPIKE = judged("spike", minimum=100, factor=10, within=86_400)
NEIGHBOURS = judged("neighbours", minimum=100, factor=5, least=2)
GAP = judged("gap", field=None, every=3600)
REPEATED = judged("repeated", field=None)
UNIQUE = judged("unique", field="level", properties=["level"])


def flags(ledger: Ledger, of: Contract) -> list[tuple[str, list[str]]]:
    with psycopg.connect(ledger.database.owner) as connection:
        query = f'select station, _flags from history."{of.type}" order by _seq, _record'
        return connection.execute(query).fetchall()


def verdicts(ledger: Ledger, check: Any, records: list[dict[str, Any]], kind: str = "measure") -> list[bool]:
    of = contract(kind, checks=(check,))
    install(ledger, [of])
    ledger.commit(cleaned(of, records))
    return [check.name in found for _, found in flags(ledger, of)]


def test_spike_compares_with_the_record_that_advanced_the_entity_before(ledger: Ledger) -> None:
    records = [
        record("a", hour, rain=value) for hour, value in [(1, 5.0), (2, 120.0), (1.5, 120.0), (3, 900.0), (40, 9000.0)]
    ]
    assert verdicts(ledger, SPIKE, records) == [False, True, False, False, False]


def test_neighbours_compares_with_what_others_said_of_the_same_moment(ledger: Ledger) -> None:
    records = [record(name, 1, rain=value) for name, value in [("a", 500.0), ("b", 3.0), ("c", 4000.0), ("d", 200.0)]]
    assert verdicts(ledger, NEIGHBOURS, records) == [False, False, True, False]


def test_gap_flags_the_report_after_a_silence(ledger: Ledger) -> None:
    records = [record("a", hour, rain=1.0) for hour in (1, 2, 3.4, 7)]
    assert verdicts(ledger, GAP, records) == [False, False, False, True]


def test_repeated_flags_another_content_of_the_same_moment(ledger: Ledger) -> None:
    records = [record("a", 1, rain=1.0), record("a", 1, rain=2.0), record("a", 2, rain=2.0)]
    assert verdicts(ledger, REPEATED, records) == [False, True, False]


def test_unique_lets_a_value_go_when_its_holder_changes(ledger: Ledger) -> None:
    records = [
        record("a", level=1.0),
        record("b", level=1.0),
        record("a", level=2.0),
        record("b", level=3.0),
        record("c", level=1.0),
    ]
    assert verdicts(ledger, UNIQUE, records, "register") == [False, True, False, False, False]


@pytest.mark.parametrize("at_once", [True, False])
def test_unique_is_judged_by_an_index(ledger: Ledger, at_once: bool) -> None:
    by_name = judged("unique", field="station", properties=["station", "level"])
    of = contract("register", checks=(by_name,), version="1.1.0")
    install(ledger, [of] if at_once else [contract("register"), of])
    ledger.commit(cleaned(of, [record("x", level=1.0)]))
    with psycopg.connect(ledger.database.owner) as connection:
        found = connection.execute("select indexdef from pg_indexes where tablename = 'gauge' and schemaname = 'state'")
        hashed = sorted(text.partition("USING ")[2] for (text,) in found if "USING hash" in text)
    assert hashed == ["hash (level)", "hash (station)"]


def test_late_is_judged_only_where_the_source_promised(ledger: Ledger) -> None:
    of = contract(checks=(judged("late", field=None, after=60),))
    install(ledger, [of])
    ledger.commit(cleaned(of, [record("a", 1, rain=1.0)]))
    ledger.commit(cleaned(of, [record("a", 2, rain=1.0)], promised=60.0))
    assert [found for _, found in flags(ledger, of)] == [[], ["late"]]


def test_a_rejected_record_waits_with_its_reason_and_the_quality_counts_the_judgement(ledger: Ledger) -> None:
    of = contract(checks=(judged("spike", on_fail="reject", minimum=100, factor=10, within=86_400), REPEATED))
    install(ledger, [of])
    (receipt,) = ledger.commit(
        cleaned(of, [record("a", 1, rain=1.0), record("a", 2, rain=500.0), record("a", 3, rain=2.0)])
    )
    assert (receipt.clean, receipt.rejected) == (2, 1)
    with psycopg.connect(ledger.database.owner) as connection:
        (row,) = connection.execute(
            "select record, reasons->0->>'vi', convert_from(received, 'UTF8') from khue.quarantine"
        ).fetchall()
        assert row == (1, "rain dòng 2: 500.0", '{"station": "a", "rain": "500.0"}')
        assert connection.execute("select _quality from history.gauge").fetchall() == [(1.0,), (1.0,)]


RECORDS = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.integers(0, 3),
        st.sampled_from([1.0, 50.0, 400.0, 9000.0]),
        st.sampled_from([1.0, 2.0]),
    ),
    min_size=2,
    max_size=14,
)
number = iter(range(1_000_000))


@pytest.mark.parametrize("on_fail", ["flag", "reject"])
@pytest.mark.parametrize("kind", ["measure", "register"])
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=RECORDS, data=st.data())
def test_a_batch_may_be_cut_anywhere(
    ledger: Ledger, kind: str, on_fail: str, items: list[Any], data: st.DataObject
) -> None:
    checks = (
        judged("spike", on_fail=on_fail, minimum=100, factor=10, within=86_400),
        judged("repeated", on_fail=on_fail, field=None),
        judged("gap", field=None, every=3600),
        judged("neighbours", minimum=100, factor=5, least=1)
        if kind == "measure"
        else judged("unique", properties=["level"]),
    )
    cuts = sorted({0, len(items), *data.draw(st.lists(st.integers(0, len(items)), max_size=3))})
    outcomes = []
    of = contract(kind, checks=checks)
    install(ledger, [of])
    for ends in ([0, len(items)], cuts):
        example = next(number)  # other stations, moments and levels than every other example's
        records = [
            record(f"{example}-{name}", hours + 1000 * example, rain=rain, level=level + 10 * example)
            for name, hours, rain, level in items
        ]
        total = [0, 0, 0, 0]
        for a, b in itertools.pairwise(ends):
            (r,) = ledger.commit(cleaned(of, records[a:b]))
            total = [x + y for x, y in zip(total, (r.clean, r.flagged, r.rejected, r.unchanged), strict=True)]
        outcomes.append((total, _written(ledger, example)))
    assert outcomes[0] == outcomes[1]


def _written(ledger: Ledger, example: int) -> list[tuple[Any, ...]]:
    with psycopg.connect(ledger.database.owner) as connection:
        return connection.execute(
            "select split_part(station, '-', 2), rain, _observed_at - %s * interval '1000 hours', level - 10 * %s,"
            " _flags, _quality from history.gauge where station like %s order by _seq, _record",
            (example, example, f"{example}-%"),
        ).fetchall()
