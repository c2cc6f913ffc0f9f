"""The reader: the log, quarantine, numbers and the tail."""

from datetime import UTC, datetime, timedelta

import pytest

from khue.contract.domain import Number
from khue.contract.errors import NotFound, Refused
from khue.contract.label import Label
from khue.contract.scope import EVERYTHING
from khue.ledger.aggregate import Series
from khue.ledger.entries import Commits, Which
from khue.ledger.read import Reader

pytestmark = pytest.mark.anyio
START = datetime(2026, 11, 22, tzinfo=UTC)


def hour(number: float) -> datetime:
    return START + timedelta(hours=number)


def number(**changes) -> Number:
    given = {
        "name": "rain",
        "label": Label("", ""),
        "type": "rain",
        "property": "amount",
        "aggregate": "mean",
        "unit": "mm",
    }
    return Number(**{**given, **changes})


async def test_an_empty_ledger_answers(write, reader: Reader) -> None:
    assert await reader.as_of() == (0, None)
    assert await reader.commits(Commits()) == ()
    measured = await reader.number(number(), EVERYTHING)
    assert (measured.value, measured.readings, measured.newest) == (None, 0, None)


async def test_commits_are_read_newest_first_or_in_order_after_one(write, reader: Reader) -> None:
    for n in range(4):
        write.commit({"_id": "a"}, source="even" if n % 2 else "odd")
    assert [one.seq for one in await reader.commits(Commits(limit=2))] == [4, 3]
    assert [one.seq for one in await reader.commits(Commits(before=3))] == [2, 1]
    assert [one.seq for one in await reader.commits(Commits(after=1, sources=["odd"]))] == [3]
    assert await reader.commits(Commits(types=["snow"])) == ()
    commit = await reader.commit(2)
    assert (commit.type, commit.counts["received"], commit.hash) == ("rain", 1, "63")
    with pytest.raises(NotFound):
        await reader.commit(9)
    assert await reader.as_of() == (4, hour(4))
    assert await reader.as_of(hour(2.5)) == (2, hour(2.5))


async def test_a_number_says_over_how_many_readings_and_how_new(write, reader: Reader) -> None:
    write.commit(
        {"_id": "a", "amount": 1.0, "_observed_at": hour(0)},
        {"_id": "b", "amount": 3.0, "_observed_at": hour(0.9)},
        {"_id": "c", "amount": 5.0, "_observed_at": hour(1)},
        {"_id": "d", "_observed_at": hour(1)},
    )
    whole = await reader.number(number(), EVERYTHING)
    assert (whole.value, whole.readings, whole.entities, whole.newest, whole.as_of) == (3.0, 3, 4, hour(1), 1)
    recent = await reader.number(number(within=1800.0), EVERYTHING)
    assert (recent.value, recent.readings) == (4.0, 2)
    for aggregate, value in (("max", 5.0), ("min", 1.0), ("sum", 9.0), ("count", 3.0)):
        assert (await reader.number(number(aggregate=aggregate), EVERYTHING)).value == value
    before = await reader.number(number(), EVERYTHING, at=hour(0.5))
    assert (before.value, before.entities) == (None, 0)
    with pytest.raises(Refused):
        await reader.number(number(property="station"), EVERYTHING)


async def test_a_series_counts_its_readings_in_local_days(write, reader: Reader) -> None:
    times = [hour(16), hour(17), hour(18)]  # 17:00 UTC begins the next day in Hanoi
    write.commit(*({"_id": "a", "amount": float(n), "_observed_at": moment} for n, moment in enumerate(times)))
    write.commit({"_id": "a", "amount": 10.0, "_observed_at": hour(17)})
    points = await reader.series(Series("rain", "amount", "day", hour(0), hour(48)), EVERYTHING)
    assert [(point.start, point.mean, point.maximum, point.readings) for point in points] == [
        (hour(-7), 0.0, 0.0, 1),
        (hour(17), 6.0, 10.0, 2),
    ]
    points = await reader.series(Series("rain", "amount", "hour", hour(0), hour(48), ids=("b",)), EVERYTHING)
    assert points == ()


async def test_quarantine_is_read_by_what_it_waits_for(write, owner, reader: Reader) -> None:
    seq = write.commit({"_id": "a"})
    for record, check in enumerate(("range", "range", "required")):
        owner.execute(
            "insert into khue.quarantine (seq, record, row, type, source, id, action, fields, reasons, received,"
            " received_digest, contract_version, owner, recorded_at) values (%s, %s, 1, 'rain', 'hand',"
            " 'a', 'hold', '{amount}',"
            " jsonb_build_array(jsonb_build_object('check', %s::text, 'dimension', 'accurate')),"
            " '{\"amount\": \"9e9\"}', '', '1.0.0',"
            " 'hydrology', %s)",
            [seq, record, check, hour(1)],
        )
    owner.execute("update khue.quarantine set state = 'dismissed' where record = 1")
    assert [one.record for one in await reader.quarantined(Which())] == [0, 2]
    assert [one.record for one in await reader.quarantined(Which(state=None, check="range"))] == [0, 1]
    assert [one.record for one in await reader.quarantined(Which(owner="hydrology", limit=1, offset=1))] == [2]
    assert await reader.quarantined(Which(type="snow")) == ()
    reasons = await reader.quarantine_reasons()
    assert [(one.check, one.records, one.example["dimension"]) for one in reasons] == [
        ("range", 1, "accurate"),
        ("required", 1, "accurate"),
    ]
    assert (await reader.quarantined(Which()))[0].received is None
    assert (await reader.received(seq, 0)).received == {"amount": "9e9"}
    with pytest.raises(NotFound):
        await reader.received(seq, 7)


async def test_activity_says_what_each_source_sent_last_and_its_fates(write, reader: Reader) -> None:
    write.commit({"_id": "a", "_observed_at": hour(0.5)}, source="s", counts={"dimensions": {"live": 1}})
    write.commit(
        {"_id": "a", "_observed_at": hour(0.7)}, source="s", counts={"dimensions": {"live": 1}, "checks": {"gap": 2}}
    )
    write.commit(source="s", counts={"received": 1, "clean": 0, "rejected": 1})
    write.commit({"_id": "a"}, source="t")
    found = await reader.source_activity(hour(0), hour(3.5))
    assert [(one.source, one.type, one.seq, one.newest) for one in found] == [
        ("s", "rain", 3, hour(0.7)),
        ("t", "rain", 4, hour(4)),
    ]
    fates = found[0].fates
    assert (fates.commits, fates.received, fates.clean, fates.rejected) == (3, 3, 2, 1)
    assert (fates.dimensions, fates.checks) == ({"live": 2}, {"gap": 2})
    assert found[1].fates is None
