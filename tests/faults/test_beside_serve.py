"""`khue serve` with other commands beside it, on another PostgreSQL, and on a port that is taken."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.conftest import DEBIAN, QUICK
from tests.faults.city import City, Served, rain

from khue.ledger.cluster import Cluster
from khue.ledger.database import connect
from khue.ledger.embedded import start, stop

Start = Callable[[], Served]


@pytest.fixture
def other(folder: Path) -> Iterator[str]:
    """The address of an empty database on a PostgreSQL 15 of Debian, which is not ours to start or stop."""
    if not DEBIAN.is_dir():
        pytest.skip(f"PostgreSQL 15 is not installed in {DEBIAN}")
    cluster = Cluster(folder / "other", QUICK, DEBIAN)
    cluster.data.mkdir(mode=0o755)
    start(cluster)
    try:
        with connect(cluster.address()) as connection:
            connection.execute(b"CREATE DATABASE city")
        yield cluster.address("city")
    finally:
        stop(cluster)


def test_a_city_on_a_given_postgresql_takes_verifies_and_serves(
    city: City, serve: Start, other: str, folder: Path
) -> None:
    city.more = {"KHUE_DATABASE_URL": other}
    file = folder / "rain.csv"
    file.write_bytes(rain(500, seed=5))
    first = city.json("ingest", "--type", "rain_gauge", str(file))
    assert first["received"] >= 500
    city.require_whole()
    served = serve().wait()
    again = city.json("ingest", "--type", "rain_gauge", str(file))
    assert again["unchanged"] == again["received"] == first["received"]
    served.process.terminate()
    assert served.process.wait(30) == 0, served.said()
    assert city.postmaster() is None, "a server of our own was started"
    with connect(other) as connection:
        assert connection.execute("select current_setting('server_version_num')::int / 10000").fetchone() == (15,)


def test_a_port_in_use_is_said_in_one_line_before_anything_starts(city: City) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        city.more = {"KHUE_PORT": str(taken.getsockname()[1])}
        done = city.khue("serve")
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("khue: KHUE_PORT: Port ")
    assert "cannot be used (Address already in use)" in done.stderr
    assert not city.data.exists(), "a database was made"


def test_verify_and_backup_run_beside_a_city_that_takes_records(city: City, serve: Start, folder: Path) -> None:
    file, archive = folder / "rain.csv", folder / "city.khue"
    file.write_bytes(rain(500, seed=6))
    served = serve().wait()
    city.json("ingest", "--type", "rain_gauge", str(file))
    city.require_whole()
    done = city.json("backup", str(archive))
    assert done["bytes"] == archive.stat().st_size
    assert done["rows"] > 500
    assert served.ready()
    assert served.process.poll() is None
