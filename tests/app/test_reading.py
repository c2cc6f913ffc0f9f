"""What the pages read: the dimensions that no record has alone, and what is worth a person's look."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.app.conftest import House

from khue.app.filing import Filing, file_in
from khue.app.opened import Opened, opened
from khue.app.reading import Reading
from khue.clean.place import cells
from khue.ledger.read import Reader

BEGAN = datetime(2026, 11, 22, 8, 0, 30, tzinfo=UTC)
REPORTED = (0, 0, 1, 3, 4)  # minutes: two in one minute are one period, the minutes 2 and 5 are silent
STATION = "Ba Đình"


def reading(house: Opened, work: Callable[[Reading], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with Reader(house.database, house.catalogue.contracts, cells) as reader:
            return await work(Reading(house.catalogue, reader, house.clock))

    return asyncio.run(run())


def send(house: Opened, moment: datetime, pm25: float) -> None:
    line = f'{{"station":"{STATION}","observed_at":"{moment.isoformat()}","pm25":{pm25}}}\n'
    file_in(house.cycle, house.catalogue.sources, Filing("air_station", line.encode(), "air_simulated"))


def test_a_source_lives_by_the_periods_in_which_it_reported(fresh: House) -> None:
    with opened(fresh.settings) as house:
        for number, minute in enumerate(REPORTED):
            send(house, BEGAN + timedelta(minutes=minute), 20 + number)
        recorded = fresh.rows("select seq from khue.commit where source = 'air_simulated' order by seq")
        for (seq,), minute in zip(recorded, REPORTED, strict=True):
            fresh.do(f"update khue.commit set recorded_at = '{BEGAN + timedelta(minutes=minute)}' where seq = {seq}")
        clock = BEGAN + timedelta(minutes=6)
        found = reading(
            replace(house, clock=lambda: clock), lambda read: read.received(clock - timedelta(hours=24), None)
        )
    alive = [one.dimensions["live"] for one in found if one.source == "air_simulated"]
    assert alive == [(4, 6)]


def test_a_source_that_promises_nothing_is_not_counted_among_the_living(fresh: House) -> None:
    fresh.rain()
    with fresh.opened() as house:
        found = reading(house, lambda read: read.received(house.clock() - timedelta(hours=1), None))
    assert [set(one.dimensions) & {"live"} for one in found if one.source == "by-hand"] == [set()]


def test_shared_is_what_is_open_over_what_may_be(fresh: House) -> None:
    fresh.rain()
    with fresh.opened() as house:
        found = reading(house, lambda read: read.received(house.clock() - timedelta(hours=1), None))
    pairs = {one.type: one.dimensions["shared"] for one in found if "shared" in one.dimensions}
    opened_rows = fresh.rows("select count(*) from open.rain_gauge")[0][0]
    assert pairs["rain_gauge"] == (opened_rows, 6)
    assert 0 < opened_rows < 6


def test_a_blank_is_no_extreme(fresh: House) -> None:
    fresh.rain()
    since = datetime(2021, 1, 1, tzinfo=UTC)
    with fresh.opened() as house:
        found = reading(house, lambda read: read.flagged(since, None))
    assert "precipitation_present" not in {one.check for one in found}
