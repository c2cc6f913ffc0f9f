"""What `khue doctor` finds, and the numbers of /metrics."""

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from khue.ledger.backup import backup
from khue.ledger.database import Database, connect
from khue.ledger.doctor import Fact, examine, worst
from khue.ledger.gauges import GAUGES, disk_gauges, gauges

NOW = datetime(2026, 11, 22, 8, 5, tzinfo=UTC)
pytestmark = pytest.mark.both_servers


def facts(database: Database, folder: Path, now: datetime = NOW) -> dict[str, Fact]:
    return {fact.name: fact for fact in examine(database, folder, lambda: now)}


def test_a_new_city_is_told_to_make_a_backup(database: Database, folder: Path) -> None:
    found = facts(database, folder)
    assert found["backup"].state == "warn"
    assert "khue backup" in found["backup"].todo.en
    assert {found[name].state for name in ("quarantine", "partitions", "transactions", "locks")} == {"ok"}


def test_a_server_that_may_lose_data_is_bad(database: Database, folder: Path) -> None:
    found = facts(database, folder)  # the servers of tests run with fsync off
    assert found["server"].state == "bad"
    assert "fsync = off" in found["server"].sentence.vi
    assert worst(tuple(found.values())) == "bad"


@pytest.mark.parametrize(("hours", "state"), [(5, "ok"), (30, "warn"), (24 * 8, "bad")])
def test_a_backup_grows_old(database: Database, folder: Path, hours: int, state: str) -> None:
    backup(database, folder / "city.khue", lambda: NOW - timedelta(hours=hours))
    found = facts(database, folder)["backup"]
    assert (found.state, found.sentence.en) == (state, f"The last backup is {hours} hours old")


def test_followers_are_behind_by_a_number_and_bad_when_they_fail(database: Database, folder: Path) -> None:
    with connect(database.owner) as owner:
        owner.execute("UPDATE khue.head SET seq = 2000")
        owner.execute(
            "INSERT INTO khue.cursor (follower, seq, failures) VALUES ('a', 1995, 0), ('b', 0, 0), ('c', 1999, 3)"
        )
    found = facts(database, folder)
    assert [found[f"follower {name}"].state for name in "abc"] == ["ok", "warn", "bad"]
    assert found["follower a"].sentence.en == "a is behind by 5 commits"


def test_what_waits_in_quarantine_is_counted_with_its_age(database: Database, folder: Path) -> None:
    with connect(database.owner) as owner:
        for record in (1, 2):
            owner.execute(
                """INSERT INTO khue.quarantine (seq, record, row, type, source, action, fields, received_digest,
                       contract_version, owner, recorded_at)
                   VALUES (1, %s, 1, 't', 's', 'reject', '{}', '', '1', 'o', %s)""",
                (record, NOW - timedelta(days=8)),
            )
    found = facts(database, folder)["quarantine"]
    assert (found.state, found.sentence.en) == ("warn", "2 records wait in quarantine, the oldest for 8 days")


def test_rows_outside_every_month_are_found(database: Database, folder: Path) -> None:
    with connect(database.owner) as owner:
        owner.execute("CREATE TABLE history.t (x timestamptz) PARTITION BY RANGE (x)")
        owner.execute('CREATE TABLE history."t@other" PARTITION OF history.t DEFAULT')
        assert facts(database, folder)["partitions"].state == "ok"
        owner.execute("INSERT INTO history.t VALUES (now())")
    assert facts(database, folder)["partitions"].state == "warn"


def test_a_session_that_waits_for_a_lock_is_seen(database: Database) -> None:
    with connect(database.owner) as holder, connect(database.owner) as watcher:
        holder.execute("BEGIN")
        holder.execute("UPDATE khue.head SET seq = seq")

        def wait() -> None:
            with connect(database.owner) as waiter:
                waiter.execute("UPDATE khue.head SET seq = seq")

        thread = threading.Thread(target=wait)
        thread.start()
        end = time.monotonic() + 20
        while gauges(watcher, NOW)["khue_lock_waiting"][""] != 1 and time.monotonic() < end:
            pass
        found = gauges(watcher, NOW)
        assert found["khue_lock_waiting"] == {"": 1.0}
        assert found["khue_lock_wait_longest_seconds"][""] > 0
        assert found["khue_transaction_longest_seconds"][""] > 0
        holder.execute("COMMIT")
        thread.join()


def test_every_gauge_is_explained(database: Database, folder: Path) -> None:
    with connect(database.owner) as owner:
        owner.execute("INSERT INTO khue.cursor (follower, seq) VALUES ('a', 0)")
    with connect(database.all) as reader:
        found = gauges(reader, NOW) | disk_gauges(folder)
    assert found.keys() <= GAUGES.keys()
    for name, values in found.items():
        assert ("" in values) == (GAUGES[name][1] == ""), name
    assert found["khue_seq"] == {"": 0.0}
