"""kill -9 at any moment of an ingest: run again to the end, the record is the same as of an uninterrupted run."""

import os
import random
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.faults.city import FATES, City, kill_session, rain

from khue.ledger.cluster import SOCKET
from khue.ledger.database import Database, connect

LONG = bool(os.environ.get("KHUE_TEST_LONG"))  # noqa: TID251
ROWS = 30_000
ROUNDS = ((1, 2), (2, 3))  # seed, kills
LONG_SEEDS = range(100, 120)  # five kills each
WAYS = ("the command", "the server", "both", "both and every session of the server")
# What a run leaves, whatever the numbers of its commits and their moments.
PRINT = """
select count(*), count(distinct (_id, _observed_at)), sum(precipitation)::text, sum(cardinality(_flags)),
       sum(cardinality(_held)), encode(sha256(string_agg(_digest || convert_to(_flags::text || _held::text, 'UTF8'),
       ''::bytea order by _id, _observed_at, _digest)), 'hex')
from history.rain_gauge
"""
DOUBLED = """
select _id, _observed_at, count(*) from history.rain_gauge group by _id, _observed_at, _digest having count(*) > 1
"""
COUNTED = """
select sum((counts->>'received')::int), sum((counts->>'clean')::int), sum((counts->>'flagged')::int),
       sum((counts->>'held')::int), sum((counts->>'rejected')::int), sum((counts->>'unchanged')::int)
from khue.commit where type = 'rain_gauge' and kind = 'data'
"""
WAITING = (
    "select action, count(*), count(distinct received_digest) from khue.quarantine group by action order by action"
)
COMMITS = "select seq, encode(hash, 'hex') from khue.commit order by seq"


@dataclass(frozen=True)
class Whole:
    """What one whole run says and leaves, and how long it took from its start."""

    file: Path
    seconds: float
    counts: dict[str, int]
    left: list[Any]


def ingest(city: City, file: Path) -> "subprocess.Popen[bytes]":
    return city.start("ingest", "--type", "rain_gauge", str(file), "--json", output=city.data.with_name("output"))


def finish(city: City, file: Path) -> dict[str, int]:
    """Run the ingest to its end and return its counts by fate."""
    said = city.json("ingest", "--type", "rain_gauge", str(file))
    return {fate: said[fate] for fate in FATES}


def left(database: Database) -> list[Any]:
    with connect(database.owner) as owner:
        return [owner.execute(query.encode()).fetchall() for query in (PRINT, COUNTED, WAITING)]


@pytest.fixture(scope="module")
def whole() -> Iterator[Whole]:
    """One uninterrupted run, that the killed ones are held against."""
    with tempfile.TemporaryDirectory(prefix="khue-test-") as name:
        Path(name).chmod(0o755)
        file = Path(name) / "rain.csv"
        file.write_bytes(rain(ROWS, seed=7))
        city = City(Path(name) / "data")
        began = time.monotonic()
        counts = finish(city, file)
        seconds = time.monotonic() - began
        assert all(counts[fate] > 0 for fate in FATES), counts
        with city.kept() as database:
            yield Whole(file, seconds, counts, left(database))


@dataclass
class Witness:
    """Looks at the commits all the time: one that it saw was acknowledged, and must be there for ever."""

    city: City
    seen: dict[int, str] = field(default_factory=dict[int, str])
    _ending: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Witness":
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ending.wait(0.02):
            if (self.city.cluster.socket_folder / SOCKET).exists():
                with suppress(psycopg.Error, OSError):
                    self._watch()

    def _watch(self) -> None:
        with psycopg.connect(self.city.cluster.address("khue"), autocommit=True, connect_timeout=2) as connection:
            while not self._ending.wait(0.02):
                self.seen.update(connection.execute(COMMITS).fetchall())


def kill(city: City, command: "subprocess.Popen[bytes]", way: str) -> None:
    """Do the harm; a command whose server alone was killed must end by itself, saying why."""
    if way != "the command":
        city.kill_server(sessions=way.endswith("session of the server"))
    if way == "the server":
        assert command.wait(120) in (0, 4), city.data.with_name("output").read_text(encoding="utf-8")
    else:
        kill_session(command)


@pytest.mark.parametrize(("seed", "kills"), ROUNDS)
def test_a_killed_ingest_is_finished_by_the_same_command(folder: Path, whole: Whole, seed: int, kills: int) -> None:
    kill_and_finish(folder, whole, seed, kills)


@pytest.mark.skipif(not LONG, reason="100 kills are left to make test-long")
@pytest.mark.parametrize("seed", LONG_SEEDS)
def test_the_same_a_hundred_times(folder: Path, whole: Whole, seed: int) -> None:
    kill_and_finish(folder, whole, seed, 5)


def kill_and_finish(folder: Path, whole: Whole, seed: int, kills: int) -> None:
    city, chance = City(folder / "data"), random.Random(seed)  # noqa: S311  moments of a test
    with Witness(city) as witness:
        for number in range(kills):
            command = ingest(city, whole.file)
            with suppress(subprocess.TimeoutExpired):
                command.wait(whole.seconds * chance.uniform(0.25, 0.95))
            kill(city, command, WAYS[(seed + number) % len(WAYS)])
        finish(city, whole.file)
    with city.kept() as database:
        require_alike(city, database, whole, witness)


def require_alike(city: City, database: Database, whole: Whole, witness: Witness) -> None:
    city.require_whole()
    with connect(database.owner) as owner:
        commits = dict(owner.execute(COMMITS).fetchall())
        assert owner.execute(DOUBLED).fetchall() == []
    assert witness.seen
    assert {seq: commits.get(seq) for seq in witness.seen} == witness.seen
    assert left(database) == whole.left
    assert sum(whole.left[1][0][1:]) == whole.left[1][0][0] == whole.counts["received"]
    again = finish(city, whole.file)
    assert again["unchanged"] == again["received"] == whole.counts["received"]
    assert left(database) == whole.left
