"""What `khue ingest` says of files that it cannot take: one line, an exit code, nothing written that is not so."""

import gzip
import json
import os
import random
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.faults.city import City, rain, wait_until

from khue.app.cli import main
from khue.ledger.database import Database, connect


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """One city for all: nothing here leaves a record behind that another test counts."""
    folder = Path("/tmp") / f"khue-test-errors-{os.getpid()}"  # noqa: S108  the server's account must enter
    folder.mkdir(mode=0o755)
    made = City(folder / "data")
    with made.kept():
        yield made
    made.end()
    subprocess.run(["rm", "-rf", folder], check=True)


@pytest.fixture
def database(city: City) -> Iterator[Database]:
    with city.kept() as found:
        yield found


Khue = Callable[..., int]


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


def noise(size: int) -> bytes:
    return random.Random(1).randbytes(size)  # noqa: S311


REFUSED = {
    "empty.csv": (b"", "The file is empty"),
    "blank.csv": (b"\n \n\t\n", "The file is empty"),
    "noise.csv": (noise(50_000), "no text|cannot be read"),
    "program.csv": (b"\x7fELF\x02\x01\x01" + bytes(100) + noise(4000), "no text"),
    "zeros.csv": (bytes(4096), "empty|no text"),
    "picture.csv": (b"\x89PNG\r\n\x1a\n" + noise(500), "PNG"),
    "cut.json": (b'[{"station": "A", "obs', "JSON cannot be read"),
    "cut.xlsx": (b"PK\x03\x04" + noise(300), "no workbook"),
    "broken.csv.gz": (b"\x1f\x8b\x08\x00" + noise(100), "empty|damaged"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_no_data_is_refused_in_one_line(
    khue: Khue, capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    content, words = REFUSED[name]
    file = tmp_path / name
    file.write_bytes(content)
    assert khue("ingest", "--type", "rain_gauge", str(file)) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert re.fullmatch(rf"khue: .*({words}).*\n", said.err), said.err
    assert khue("ingest", "--type", "rain_gauge", str(file), "--json") == 2
    assert re.search(words, json.loads(capsys.readouterr().out)["title"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["{file}"], "Missing option '--type'"),
        (["--type", "rain_gauge", "{folder}/none.csv"], "does not exist"),
        (["--type", "rain_gauge", "{folder}"], "is a directory"),
        (["--type", "rain_gauge", "{pipe}"], "is no file on a disk"),
        (["--type", "rain_gauge", "--source", "nowhere", "{file}"], "There is no source “nowhere”"),
        (["--type", "rain_gaug", "{file}"], "Did you mean “rain_gauge”?"),
        (["--type", "x; drop table khue.head", "{file}"], "cannot be the name of a type"),
        (["--type", "rain_gauge", "--nonsense", "{file}"], "No such option"),
    ],
)
def test_a_wrong_command_is_refused_in_one_line(
    khue: Khue, capsys: pytest.CaptureFixture[str], tmp_path: Path, words: list[str], said: str
) -> None:
    (tmp_path / "rain.csv").write_bytes(rain(10, seed=1))
    os.mkfifo(tmp_path / "pipe")
    named = [word.format(file=tmp_path / "rain.csv", folder=tmp_path, pipe=tmp_path / "pipe") for word in words]
    assert khue("ingest", *named) == 2
    told = capsys.readouterr().err
    assert told.startswith("khue: ")
    assert told.count("\n") == 1
    assert said in told
    assert khue("ingest", "--json", *named) == 2
    assert said in json.loads(capsys.readouterr().out)["detail"]


def test_a_type_without_a_contract_is_kept_as_a_draft_and_a_dry_run_makes_nothing(
    city: City, database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "trees.csv"
    file.write_text("id,species,height\nT1,sấu,12\nT2,xà cừ,\n,bàng,3\n", encoding="utf-8")
    dry = city.json("ingest", "--type", "street_tree", str(file), "--dry-run")
    with connect(database.owner) as owner:
        assert owner.execute("select to_regclass('state.street_tree')").fetchone() == (None,)
        assert owner.execute("select count(*) from khue.commit where type = 'street_tree'").fetchone() == (0,)
    done = city.json("ingest", "--type", "street_tree", str(file))
    assert {name: dry[name] for name in ("rows", "received", "clean", "rejected", "reasons")} == {
        name: done[name] for name in ("rows", "received", "clean", "rejected", "reasons")
    }
    assert (done["clean"], done["rejected"]) == (2, 1)
    with connect(database.owner) as owner:
        found = owner.execute("select _extra #>> '{species,value}' from state.street_tree order by _id").fetchall()
    assert found == [("sấu",), ("xà cừ",)]


def test_the_same_file_as_another_type_is_another_file(
    khue: Khue, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "both.csv"
    file.write_text("id,colour\n1,red\n2,blue\n", encoding="utf-8")
    said: list[dict[str, Any]] = []
    for name in ("wall", "fence", "wall"):
        assert khue("ingest", "--type", name, str(file), "--json") == 0
        said.append(json.loads(capsys.readouterr().out))
    assert [each["clean"] for each in said] == [2, 2, 0]
    assert [each["again"] for each in said] == [False, False, True]


def test_a_file_that_is_truncated_while_it_is_read_is_not_taken_for_the_whole(city: City, tmp_path: Path) -> None:
    file = tmp_path / "growing.csv"
    content = rain(120_000, seed=3)
    file.write_bytes(content)
    output = tmp_path / "output"
    command = city.start("ingest", "--type", "rain_gauge", str(file), output=output)
    wait_until(lambda: city.ask("select from khue.commit where about ->> 'file' = 'growing.csv' limit 1"))
    os.truncate(file, len(content) // 3)
    assert command.wait(120) == 4, output.read_text(encoding="utf-8")
    assert "The file changed while it was read" in output.read_text(encoding="utf-8")
    file.write_bytes(content)
    assert city.json("ingest", "--type", "rain_gauge", str(file))["received"] == content.count(b"\n") - 1
    city.require_whole()


def test_a_gzip_that_ends_too_early_gives_what_is_there_and_says_so(city: City, tmp_path: Path) -> None:
    file = tmp_path / "cut.csv.gz"
    file.write_bytes(gzip.compress(rain(5000, seed=9))[:9000])
    done = city.json("ingest", "--type", "rain_gauge", str(file))
    assert 0 < done["received"] < 5000
    assert any("ends too early" in note for note in done["notes"])
