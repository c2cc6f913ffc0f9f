"""`khue ingest` on a disk that fills up: it says so, and finishes by the same command once there is room."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.faults.city import City, rain

from khue.app.cli import main

ROWS = 20_000
LARGE = 400_000_000
# Bytes left on the disk, and what then cannot be: PostgreSQL's recovery, and a commit.
ROOMS = {6_000_000: "PostgreSQL does not start", 24_000_000: "The database could not take the commit"}
Khue = Callable[..., int]


@pytest.fixture
def disk(folder: Path) -> Iterator[Path]:
    """A disk, where this machine lets us mount one."""
    path = folder / "disk"
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={LARGE},mode=755", "none", path], check=False)
    if mounted.returncode != 0:
        pytest.skip("this user may not mount a small tmpfs")
    yield path
    subprocess.run(["umount", "-l", path], check=True)


@pytest.fixture
def city(disk: Path) -> Iterator[City]:
    made = City(disk / "data")
    yield made
    made.end()


@pytest.fixture
def khue(city: City, monkeypatch: pytest.MonkeyPatch) -> Khue:
    """Run a command of Khuê in this process and return its exit code."""
    for name in ("KHUE_DATA", "KHUE_MEMORY_MB"):
        monkeypatch.setenv(name, city.environment[name])

    def run(*words: str) -> int:
        with pytest.raises(SystemExit) as ended:
            main(words)
        return int(ended.value.code or 0)

    return run


def resize(disk: Path, size: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", disk], check=True)


def test_an_ingest_onto_a_full_disk_says_so_and_is_finished_when_there_is_room(
    disk: Path, khue: Khue, capsys: pytest.CaptureFixture[str]
) -> None:
    few, many = disk.with_name("few.csv"), disk.with_name("many.csv")
    few.write_bytes(rain(100, seed=1))
    many.write_bytes(rain(ROWS, seed=2))
    ingest = ("ingest", "--type", "rain_gauge", str(many))
    assert khue("ingest", "--type", "rain_gauge", str(few)) == 0
    capsys.readouterr()
    for room, reason in ROOMS.items():
        resize(disk, shutil.disk_usage(disk).used + room)
        assert khue(*ingest) == 4
        said = capsys.readouterr().err
        assert said.startswith("khue: ")
        assert said.count("\n") == 1
        for words in (reason, "No space left on device", "Free or enlarge the disk"):
            assert words in said
    resize(disk, LARGE)
    assert khue(*ingest, "--json") == 0
    assert json.loads(capsys.readouterr().out)["received"] == many.read_bytes().count(b"\n") - 1
    assert khue("verify") == 0
