"""The commands that keep the record: undo, forget, save and restore, prove, look after."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.app.conftest import RAIN, House

SECOND = "Trạm đo,Ngày,Lượng mưa ngày\nLáng,01/10/2021,99\nLáng,05/10/2021,1\n"


def test_log_lists_the_last_commits_newest_first(fresh: House) -> None:
    first = fresh.rain()["commits"][0]
    fresh.rain(SECOND, "second.csv")
    said = fresh("log", "--json", "--type", "rain_gauge", "--limit", "2")
    seqs = [fresh_json["seq"] for fresh_json in said.lines()]
    assert seqs == [first + 1, first]
    assert said.lines()[1]["counts"]["received"] == 8
    assert [one["seq"] for one in fresh("log", "--json", "--before", str(first + 1), "--limit", "1").lines()] == [first]
    assert "2 clean, 2 flagged, 2 held, 2 rejected" in fresh("log", "--source", "by-hand").out
    assert fresh("log", "--source", "nobody").out == ""


def test_revert_restores_what_was_and_the_same_file_may_be_sent_again(fresh: House) -> None:
    fresh.rain()
    second = fresh.rain(SECOND, "second.csv")["commits"][0]
    assert fresh.standing()["Láng", "2021-10-01"] == 99
    said = fresh.ok("revert", str(second), "--note", "nhầm tệp")
    assert said["kept"] == []
    assert fresh.standing()["Láng", "2021-10-01"] == 12.5
    assert ("Láng", "2021-10-05") not in fresh.standing()
    again = fresh.rain(SECOND, "second.csv")
    assert (again["again"], again["received"], again["unchanged"]) == (False, 2, 0)
    assert fresh.standing()["Láng", "2021-10-01"] == 99
    assert fresh.standing("_deleted")["Láng", "2021-10-05"] is False
    twice = fresh("revert", str(second), "--json")
    assert (twice.code, twice.json["status"]) == (2, 409)
    assert fresh("revert", "9999").code == 2
    assert fresh.ok("verify")["ok"]


def test_revert_closes_what_waited_and_leaves_what_was_changed_since(fresh: House) -> None:
    seq = fresh.rain()["commits"][0]
    fresh.rain(SECOND, "second.csv")
    said = fresh.ok("revert", str(seq))
    assert said["kept"] == ["urn:ngsi-ld:WeatherObserved:Láng"]
    assert fresh.waits() == []
    assert fresh.standing()["Láng", "2021-10-01"] == 99
    human = fresh("revert", str(seq + 1))
    assert "undone by commit" in human.out
    assert fresh.rain()["received"] == 8
    assert len(fresh.waits()) == 4
    assert fresh.ok("verify")["ok"]


def test_an_entity_is_forgotten_and_the_record_still_verifies(fresh: House) -> None:
    seq = fresh.rain()["commits"][0]
    name = "urn:ngsi-ld:WeatherObserved:Láng"
    answer = fresh("erase", "--type", "rain_gauge", "--id", name, "--why", "yêu cầu", "--law", "Luật 91/2025", "--json")
    assert answer.code == 0
    assert not [key for key in fresh.standing() if key[0] == "Láng"]
    assert fresh.rows("select count(*) from khue.raw where seq = %s", seq) == [(0,)]
    assert fresh.ok("verify")["ok"]
    assert fresh("erase", "--why", "x", "--law", "y").code == 2
    assert fresh("erase", "--type", "rain_gauge", "--id", name, "--law", "y").code == 2
    assert fresh.ok("replay", "--type", "rain_gauge")["commits"] == 0


def test_a_commit_is_forgotten_and_what_was_before_stands(fresh: House) -> None:
    fresh.rain()
    second = fresh.rain(SECOND, "second.csv")["commits"][0]
    said = fresh("erase", "--commit", str(second), "--why", "nhầm", "--law", "Luật 91/2025")
    assert (said.code, "erased by commit" in said.out) == (0, True)
    assert fresh.standing()["Láng", "2021-10-01"] == 12.5
    assert fresh.ok("verify")["ok"]


def test_retention_forgets_nothing_before_its_time(fresh: House) -> None:
    fresh.rain()
    assert fresh.ok("retention") == {"forgotten": []}
    assert "Nothing is due" in fresh("retention").out


def test_verify_finds_a_row_that_was_edited_by_hand(fresh: House) -> None:
    seq = fresh.rain()["commits"][0]
    assert "The record holds" in fresh("verify").out
    fresh.do("update history.rain_gauge set precipitation = 13 where precipitation = 12.5")
    fresh.do("update state.rain_gauge set precipitation = 0.5 where station = 'Đông Anh'")
    found = fresh("verify", "--json")
    assert (found.code, found.json["ok"]) == (1, False)
    assert {"rows", "state"} <= {finding["law"] for finding in found.json["findings"]}
    assert f"commit {seq} rain_gauge" in fresh("verify").out


def test_doctor_says_what_is_wrong_and_what_to_do(fresh: House) -> None:
    answer = fresh("doctor", "--json")  # the tests' server runs without fsync, which is bad
    assert (answer.code, answer.json["worst"]) == (1, "bad")
    facts = {fact["name"]: fact for fact in answer.json["facts"]}
    assert facts["server"]["state"] == "bad"
    assert facts["backup"]["todo"]["en"].startswith("Run `khue backup FILE`")
    assert {"disk", "quarantine", "partitions", "transactions", "locks"} <= set(facts)
    assert "fsync = off" in fresh("doctor").out


def test_a_backup_restores_into_an_empty_folder_and_verifies(fresh: House) -> None:
    """With processes and a server of their own, as an operator does it."""
    fresh.rain()
    file = fresh.folder / "city.khue"
    saved = fresh.ok("backup", file)
    assert saved["seq"] == fresh.rows("select seq from khue.head")[0][0]
    assert fresh("backup", file).code == 2
    fresh.folder.parent.chmod(0o755)
    fresh.folder.chmod(0o755)
    elsewhere = fresh.folder / "elsewhere"
    restored = khue_process(elsewhere, "restore", file, "--json")
    assert restored.returncode == 0, restored.stderr
    verified = khue_process(elsewhere, "verify", "--json")
    assert (verified.returncode, verified.stdout.strip()) == (0, '{"ok":true,"findings":[]}')
    again = khue_process(elsewhere, "ingest", "--type", "rain_gauge", fresh.file(RAIN))
    assert "already in" in again.stdout
    full = khue_process(elsewhere, "restore", file, "--json")
    assert (full.returncode, '"status":409' in full.stdout) == (2, True)


def khue_process(data: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command as a process on its own data folder; its server starts with it and ends with it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KHUE_")}  # noqa: TID251
    command = [sys.executable, "-m", "khue.app.cli", *map(str, words)]
    return subprocess.run(
        command, env={**environment, "KHUE_DATA": str(data)}, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("words", [("ingest", "--type", "rain_gauge"), ("serv",), ("log", "--limit", "0")])
def test_a_wrong_call_is_refused_in_one_line_that_names_the_help(fresh: House, words: tuple[str, ...]) -> None:
    answer = fresh(*words)
    assert answer.code == 2
    assert answer.err.startswith("khue: ")
    assert "--help" in answer.err
    assert len(answer.err.splitlines()) == 1


def test_a_wrong_setting_is_named(fresh: House) -> None:
    fresh.environment["KHUE_PORT"] = "many"
    answer = fresh("log", "--json")
    assert (answer.code, answer.json["where"]) == (3, "KHUE_PORT")
