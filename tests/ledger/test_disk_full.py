"""A full disk: what was acknowledged stays, what was not is refused, and room brings the server back by itself."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from khue.contract.clock import system_clock
from khue.contract.errors import TryAgain
from khue.ledger.backup import backup
from khue.ledger.cluster import Cluster
from khue.ledger.database import Database, connect
from khue.ledger.server import Server

# WAL of at most a few segments, so that the small disk is filled by rows.
SMALL = {"shared_buffers": "16MB", "fsync": "off", "max_wal_size": "48MB", "min_wal_size": "32MB"}


@pytest.fixture
def disk(folder: Path) -> Iterator[Path]:
    """A disk of 160 MB, where this machine lets us mount one."""
    path = folder / "disk"
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m,mode=755", "none", path], check=False)
    if mounted.returncode != 0:
        pytest.skip("this user may not mount a small tmpfs")
    yield path
    subprocess.run(["umount", "-l", path], check=True)


def fill(database: Database) -> int:
    """Commit rows of 1 MB until the disk is full; return how many were acknowledged."""
    acknowledged = 0
    with pytest.raises(psycopg.Error), connect(database.owner) as owner:
        owner.execute("CREATE TABLE state.filled (n int, body bytea STORAGE EXTERNAL)")
        while acknowledged < 1000:
            owner.execute(
                "INSERT INTO state.filled VALUES (%s, decode(repeat(md5(%s::text), 32768), 'hex'))",
                (acknowledged, acknowledged),
            )
            acknowledged += 1
    return acknowledged


def answered(database: Database, text: str) -> tuple[Any, ...]:
    """Return the first row of an answer; asked again while PostgreSQL restarts itself for want of WAL."""
    end = time.monotonic() + 60
    while True:
        try:
            with connect(database.owner) as owner:
                found = owner.execute(text.encode()).fetchone()
        except psycopg.OperationalError:
            assert time.monotonic() < end
        else:
            assert found is not None
            return found


def test_a_full_disk_loses_nothing_acknowledged_and_recovers_when_there_is_room(disk: Path) -> None:
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(30_000_000))
    server = Server(Cluster(disk / "data", SMALL))
    database = server.start()
    try:
        acknowledged = fill(database)
        assert acknowledged > 0
        ballast.unlink()
        found = answered(database, "SELECT count(*), min(length(body)) FROM state.filled")
        assert found[0] in (acknowledged, acknowledged + 1)  # the last may be written, its answer lost
        assert found[1] == 524_288
        assert answered(database, "INSERT INTO state.filled VALUES (-1, '') RETURNING n") == (-1,)
    finally:
        server.stop()


def test_a_backup_onto_a_full_disk_says_so_and_leaves_no_file(database: Database, disk: Path) -> None:
    with connect(database.owner) as owner:
        owner.execute("INSERT INTO khue.raw SELECT 1, i, sha512(i::text::bytea) FROM generate_series(1, 20000) i")
    (disk / "ballast").write_bytes(bytes(shutil.disk_usage(disk).free - 100_000))
    with pytest.raises(TryAgain, match="No space left"):
        backup(database, disk / "city.khue", system_clock)
    assert [file.name for file in disk.iterdir()] == ["ballast"]
    with connect(database.owner) as owner:
        assert owner.execute("SELECT count(*) FROM khue.backup").fetchone() == (0,)
