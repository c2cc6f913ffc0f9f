"""A month's partition is there before its first row, and rows that came without one find their way."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from tests.ledger.build import cleaned, contract, record

from khue.ledger.commit import Ledger
from khue.ledger.database import Database
from khue.ledger.install import install
from khue.ledger.verify import verify

GAUGE = contract()


class Clock:
    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2031, 1, 30, 23, 59, 50, tzinfo=UTC))


@pytest.fixture
def at(database: Database, clock: Clock) -> Iterator[Callable[[int, int], Ledger]]:
    """A ledger that lives on the first of a month of 2031; each call is another process."""
    made: list[Ledger] = []

    def ledger(month: int, day: int = 1) -> Ledger:
        clock.moment = datetime(2031, month, day, 12, tzinfo=UTC)
        made.append(Ledger(database, clock))
        return made[-1]

    yield ledger
    for each in made:
        each.close()


def partitions(database: Database) -> dict[str, int]:
    """Return how many rows each partition has."""
    with psycopg.connect(database.owner) as connection:
        found = connection.execute(
            "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid"
            " join pg_class p on p.oid = i.inhparent where p.relname = 'gauge' and c.relkind = 'r' order by 1"
        ).fetchall()
        count = 'select count(*) from history."{}"'
        return {name: connection.execute(count.format(name).encode()).fetchone()[0] for (name,) in found}  # type: ignore[index]


@pytest.mark.both_servers
def test_the_first_commit_of_a_month_makes_the_next_ones_partition(
    at: Callable[..., Ledger], database: Database, clock: Clock
) -> None:
    ledger = at(1)
    install(ledger, [GAUGE])
    assert list(partitions(database)) == ["gauge@203101", "gauge@203102", "gauge@other"]
    clock.moment = datetime(2031, 2, 1, 0, 0, 1, tzinfo=UTC)
    ledger.commit(cleaned(GAUGE, [record("a", 1, rain=1.0)]))
    assert partitions(database) == {"gauge@203101": 0, "gauge@203102": 1, "gauge@203103": 0, "gauge@other": 0}
    at(4).commit(cleaned(GAUGE, [record("a", 2, rain=1.0)]))  # nobody wrote in March
    assert partitions(database)["gauge@203104"] == 1
    assert verify(database) == []


def test_rows_without_a_partition_get_one_at_the_next_commit(at: Callable[..., Ledger], database: Database) -> None:
    ledger = at(1)
    install(ledger, [GAUGE])
    with psycopg.connect(database.owner) as connection:
        connection.execute('drop table history."gauge@203101"')
    ledger.partitions.delay("gauge", ledger.clock())
    ledger.commit(cleaned(GAUGE, [record("a", 1, rain=1.0), record("b", 1, rain=2.0)]))
    assert partitions(database)["gauge@other"] == 2
    at(1, 2).commit(cleaned(GAUGE, [record("a", 2, rain=3.0)]))
    assert partitions(database) == {"gauge@203101": 3, "gauge@203102": 0, "gauge@other": 0}
    assert verify(database) == []


def test_a_reader_that_holds_the_table_delays_no_commit(at: Callable[..., Ledger], database: Database) -> None:
    install(at(1), [GAUGE])
    with psycopg.connect(database.all) as reader:
        reader.execute("select count(*) from history.gauge")
        ledger = at(3)
        ledger.commit(cleaned(GAUGE, [record("a", 1, rain=1.0)]))
        assert partitions(database)["gauge@other"] == 1
    at(3, 2).commit(cleaned(GAUGE, [record("a", 2, rain=1.0)]))
    assert partitions(database)["gauge@203103"] == 2
