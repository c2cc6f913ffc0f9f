"""`khue quarantine`: each decision is a commit, mends the records it names and no others, and says what still fails."""

import io

import openpyxl
import pytest
from tests.app.conftest import House

MORE = "Trạm đo,Ngày,Lượng mưa ngày\n" + "".join(f"Láng,{day:02}/11/2021,{2000 + day}\n" for day in range(1, 31))


@pytest.fixture(scope="module")
def seq(khue: House) -> int:
    """The commit that left four records waiting: two held (records 1, 2), two rejected (4, 5)."""
    return khue.rain()["commits"][0]


def test_list_counts_the_reasons_and_names_the_records(khue: House, seq: int) -> None:
    said = khue.ok("quarantine", "list")
    assert said["waiting"] == 4
    assert [one["record"] for one in said["records"]] == [f"{seq}:{n}" for n in (1, 2, 4, 5)]
    assert said["by_check"]["rain_gauge.precipitation_possible"] == 1
    assert khue.ok("quarantine", "list", "--check", "precipitation_type")["waiting"] == 1
    assert "4 records wait" in khue("quarantine", "list").out


def test_a_fix_of_a_held_value_sets_that_value_and_leaves_the_record_clean(khue: House, seq: int) -> None:
    said = khue.ok("quarantine", "fix", "--record", f"{seq}:1", "--set", "precipitation=30,5", "--note", "cảm biến")
    assert (said["settled"], said["failing"], said["received"], said["clean"]) == (1, [], 1, 1)
    assert khue.standing()["Láng", "2021-10-02"] == 30.5
    assert khue.standing("_held")["Láng", "2021-10-02"] == []
    assert khue.standing("_flags")["Láng", "2021-10-02"] == []
    state, decided, note = khue.rows("select state, decided_seq, note from khue.quarantine where record = 1")[0]
    assert (state, decided, note) == ("fixed", said["commits"][0], "cảm biến")
    kind, about = khue.rows("select kind, about from khue.commit where seq = %s", decided)[0]
    assert (kind, about["quarantine"], about["changed"]) == ("fix", [[seq, 1]], [["precipitation"]])


def test_a_fix_that_still_fails_says_why_and_changes_nothing(khue: House, seq: int) -> None:
    last = khue.rows("select seq from khue.head")
    answer = khue("quarantine", "fix", "--record", f"{seq}:2", "--set", "precipitation=9999", "--json")
    said = answer.json
    assert answer.code == 1
    assert (said["settled"], said["commits"]) == (0, [])
    assert said["failing"][0]["record"] == f"{seq}:2"
    assert {reason["check"] for reason in said["failing"][0]["reasons"]} >= {"precipitation_possible"}
    assert khue.rows("select seq from khue.head") == last
    assert "1 still fail" in khue("quarantine", "fix", "--record", f"{seq}:2", "--set", "precipitation=x").out


def test_what_cannot_be_read_cannot_be_confirmed(khue: House, seq: int) -> None:
    said = khue("quarantine", "release", "--record", f"{seq}:2", "--json").json
    assert said["settled"] == 0
    assert [reason["check"] for reason in said["failing"][0]["reasons"]] == ["precipitation_type"]


def test_a_fix_of_a_rejected_record_brings_the_whole_record_in(khue: House, seq: int) -> None:
    said = khue.ok("quarantine", "fix", "--record", f"{seq}:4", "--set", "observed_on=13/12/2021")
    assert said["settled"] == 1
    assert khue.standing()["Đông Anh", "2021-12-13"] == 5


def test_a_fix_may_not_make_another_record_of_one_that_stands(khue: House, seq: int) -> None:
    answer = khue("quarantine", "fix", "--record", f"{seq}:2", "--set", "station=Láng", "--json")
    assert (answer.code, answer.json["status"]) == (2, 400)


def test_an_unknown_property_a_decided_record_and_an_empty_choice_are_refused(khue: House, seq: int) -> None:
    assert khue("quarantine", "fix", "--record", f"{seq}:2", "--set", "rain=1").code == 2
    gone = khue("quarantine", "fix", "--record", f"{seq}:1", "--set", "precipitation=1", "--json")
    assert (gone.code, gone.json["status"]) == (2, 404)
    nothing = khue("quarantine", "dismiss", "--note", "x")
    assert (nothing.code, "No record is chosen" in nothing.err) == (2, True)
    assert khue("quarantine", "release", "--record", "seven").code == 2


def test_dismiss_needs_a_reason_and_keeps_the_record_out(khue: House, seq: int) -> None:
    assert khue("quarantine", "dismiss", "--record", f"{seq}:5").code == 2
    assert khue("quarantine", "dismiss", "--record", f"{seq}:5", "--note", " ").code == 2
    said = khue.ok("quarantine", "dismiss", "--record", f"{seq}:5", "--note", "không rõ trạm")
    assert said["settled"] == 1
    assert khue.rows("select state from khue.quarantine where record = 5") == [("dismissed",)]


def test_release_of_all_of_one_reason_takes_the_values_as_they_were_sent(khue: House, seq: int) -> None:
    khue.rain(MORE, "more.csv")
    assert len(khue.waits()) == 31
    said = khue.ok("quarantine", "release", "--check", "precipitation_possible", "--note", "bão")
    assert (said["settled"], said["failing"]) == (30, [])
    assert khue.standing()["Láng", "2021-11-30"] == 2030
    assert "released:precipitation_possible" in khue.standing("_flags")["Láng", "2021-11-30"]
    assert khue.standing("_held")["Láng", "2021-11-30"] == []


def test_the_workbook_mends_its_records_and_no_others_and_says_which_still_fail(khue: House, seq: int) -> None:
    khue.rain(MORE.replace("Láng", "Cầu Giấy").replace("2021,2", "2021,9"), "third.csv")
    book = khue.folder / "mend.xlsx"
    assert khue.ok("quarantine", "workbook", book, "--check", "precipitation_possible")["file"] == str(book)
    found = openpyxl.load_workbook(io.BytesIO(book.read_bytes()))
    sheet = found.worksheets[0]
    titles = [cell.value for cell in sheet[1]]
    assert titles[0] == "Lý do"
    column = titles.index("Lượng mưa ngày") + 1
    sheet.cell(2, column).value = "12,5"
    sheet.cell(3, column).value = "-4"
    found.save(book)
    said = khue("quarantine", "mend", book, "--type", "rain_gauge", "--json").json
    assert (said["settled"], len(said["failing"])) == (1, 1)
    assert khue.standing()["Cầu Giấy", "2021-11-01"] == 12.5
    assert len(khue.waits(state="open")) == 30  # 29 of the workbook, and the one that cannot be read
    again = khue("quarantine", "mend", book, "--type", "rain_gauge")
    assert (again.code, "không còn chờ" in again.err) == (1, True)


def test_many_records_of_one_gauge_are_decided_together(khue: House, seq: int) -> None:
    days = [(year, month, day) for year in range(2001, 2003) for month in range(1, 13) for day in range(1, 13)]
    lines = [f"Vân Hồ,{day:02}/{month:02}/{year},3000\n" for year, month, day in days]
    khue.rain("Trạm đo,Ngày,Lượng mưa ngày\n" + "".join(lines), "many.csv")
    said = khue.ok("quarantine", "fix", "--check", "precipitation_possible", "--set", "precipitation=1")
    assert said["settled"] == len(days) + 29
    assert khue.standing()["Vân Hồ", "2002-12-12"] == 1


def test_the_record_still_verifies(khue: House) -> None:
    assert khue.ok("verify") == {"ok": True, "findings": []}
