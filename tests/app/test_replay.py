"""`khue replay`: what a changed contract would have made of the bytes as they came; nothing known is changed."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.app.conftest import House

from khue.app.catalogue import DEMO_CITY, OWN_DOMAINS

LIMIT = "implementation: {minimum: 0, maximum: 1825}"
TABLE = """Trạm đo,Ngày,Lượng mưa ngày
Láng,01/10/2021,12.5
Láng,02/10/2021,3000
Hà Đông,01/10/2021,400
Hà Đông,02/10/2021,2500
Đông Anh,01/10/2021,1900
Ba Vì,01/10/1999,7
"""


@pytest.fixture
def changing(houses: Callable[[], House], tmp_path: Path) -> House:
    """An installation whose city has a domain of its own, whose contract may change."""
    house = houses()
    city = Path(shutil.copytree(DEMO_CITY, tmp_path / "city"))
    own = city / "domains" / "rain"
    shutil.copytree(OWN_DOMAINS / "environment", own, ignore=shutil.ignore_patterns("__pycache__"))
    for path, old, new in (
        (own / "domain.yaml", "name: environment", "name: rain"),
        (city / "city.toml", 'domains = ["environment"]', 'domains = ["rain"]'),
    ):
        path.write_text(path.read_text().replace(old, new))
    house.environment["KHUE_CITY"] = str(city)
    return house


def change(house: House, version: str, old: str, new: str) -> None:
    path = Path(house.environment["KHUE_CITY"]) / "domains" / "rain" / "contracts" / "rain_gauge.yaml"
    text = path.read_text()
    assert old in text
    lines = [
        f"version: {version}" if line.startswith("version:") else line for line in text.replace(old, new).split("\n")
    ]
    path.write_text("\n".join(lines))


def replay(house: House) -> dict[str, int]:
    said = house.ok("replay", "--type", "rain_gauge")
    assert house.ok("verify")["ok"]
    return said


def test_a_limit_raised_lets_what_was_held_enter_and_once_only(changing: House) -> None:
    seq = changing.rain(TABLE)["commits"][0]
    assert replay(changing)["differing"] == 0
    decided = changing.ok("quarantine", "dismiss", "--record", f"{seq}:4", "--note", "hỏng")
    assert decided["settled"] == 1
    changing.rain("Trạm đo,Ngày,Lượng mưa ngày\nHà Đông,02/10/2021,2\n", "later.csv")
    change(changing, "1.1.0", LIMIT, "implementation: {minimum: 0, maximum: 5000}")
    said = replay(changing)
    assert (said["judged"], said["differing"]) == (7, 1)
    assert said["superseded"] == 2  # one that a later file replaced, one that was dismissed
    stands = changing.standing()
    assert (stands["Láng", "2021-10-02"], stands["Hà Đông", "2021-10-02"]) == (3000, 2)
    assert stands["Đông Anh", "2021-10-01"] is None
    assert changing.standing("_flags")["Láng", "2021-10-02"] == ["precipitation_regional"]
    assert changing.rows("select state from khue.quarantine where record = 1") == [("replayed",)]
    about = changing.rows("select about from khue.commit where kind = 'replay'")
    assert about == [({"of": seq, "records": [1], "quarantine": [[seq, 1]]},)]
    assert replay(changing)["differing"] == 0


def test_a_limit_lowered_holds_what_had_entered_and_raised_again_lets_it_back(changing: House) -> None:
    changing.rain(TABLE)
    open_before = len(changing.waits())
    change(changing, "1.1.0", LIMIT, "implementation: {minimum: 0, maximum: 300}")
    assert replay(changing)["differing"] == 1
    assert changing.standing()["Hà Đông", "2021-10-01"] is None
    assert changing.standing("_held")["Hà Đông", "2021-10-01"] == ["precipitation"]
    assert len(changing.waits()) == open_before + 1
    assert replay(changing)["differing"] == 0
    change(changing, "1.2.0", "maximum: 300}", "maximum: 1825}")
    assert replay(changing)["differing"] == 1
    assert changing.standing()["Hà Đông", "2021-10-01"] == 400
    assert len(changing.waits()) == open_before
    assert replay(changing)["differing"] == 0


def test_a_verdict_that_changes_a_flag_alone_is_appended_too(changing: House) -> None:
    changing.rain(TABLE)
    change(changing, "1.1.0", "implementation: {maximum: 600}", "implementation: {maximum: 100}")
    assert replay(changing)["differing"] == 1
    assert changing.standing("_flags")["Hà Đông", "2021-10-01"] == ["precipitation_regional"]
    assert changing.standing()["Hà Đông", "2021-10-01"] == 400
    assert replay(changing)["differing"] == 0


def test_a_rejected_record_enters_and_one_that_would_be_rejected_is_withdrawn(changing: House) -> None:
    change(changing, "1.0.1", 'minimum: "1886-01-01"', 'minimum: "2000-01-01"')
    seq = changing.rain(TABLE)["commits"][0]
    assert ("Ba Vì", "1999-10-01") not in changing.standing()
    change(changing, "1.1.0", 'minimum: "2000-01-01"', 'minimum: "1886-01-01"')
    assert replay(changing)["differing"] == 1
    assert changing.standing()["Ba Vì", "1999-10-01"] == 7
    change(changing, "1.2.0", 'minimum: "1886-01-01"', 'minimum: "2021-10-02"')
    assert replay(changing)["differing"] == 3  # what stands with a value, all but 2 October; one waits for its value
    for day in (("Láng", "2021-10-01"), ("Ba Vì", "1999-10-01"), ("Hà Đông", "2021-10-01")):
        assert (changing.standing()[day], changing.standing("_held")[day]) == (None, ["precipitation"])
        assert changing.standing("station")[day] == day[0]
    assert len(changing.waits()) == 6
    assert replay(changing)["differing"] == 0
    change(changing, "1.3.0", 'minimum: "2021-10-02"', 'minimum: "1886-01-01"')
    assert replay(changing)["differing"] == 3
    assert (changing.standing()["Láng", "2021-10-01"], len(changing.waits())) == (12.5, 3)
    assert f"{seq}:1" in changing.waits()
    assert replay(changing)["differing"] == 0


def test_nothing_changes_where_the_contract_has_not(changing: House) -> None:
    changing.rain(TABLE)
    changing.rain(TABLE.replace("12.5", "13"), "second.csv")
    last = changing.rows("select seq from khue.head")
    assert replay(changing)["differing"] == 0
    assert changing.rows("select seq from khue.head") == last


def test_what_came_in_over_http_is_judged_again_from_its_bytes(changing: House) -> None:
    of_b = {"dateObserved": value("2021-10-01"), "precipitation": value(404)}
    changing.over_http(
        ("POST", "/api/v1/ingest/rain_gauge", {"station": "Láng", "observed_on": "2021-10-01", "precipitation": 400}),
        ("POST", "/api/v1/ingest/rain_gauge", b"station,observed_on,precipitation\nVOV,2021-10-01,401\n"),
        ("POST", "/api/v1/ingest/rain_gauge", b'{"station":"Mai","observed_on":"2021-10-01","precipitation":402}\n'),
        ("POST", "/ngsi-ld/v1/entities", entity("A", 403)),
        ("POST", "/ngsi-ld/v1/entities", entity("B", 1)),
        ("PATCH", f"/ngsi-ld/v1/entities/{entity('B', 1)['id']}/attrs", of_b),
    )
    assert sorted(v for v in changing.standing().values() if v and v > 1) == [400, 401, 402, 403, 404]
    assert replay(changing)["differing"] == 0
    change(changing, "1.1.0", LIMIT, "implementation: {minimum: 0, maximum: 300}")
    assert replay(changing)["differing"] == 5
    assert [v for v in changing.standing().values() if v and v > 1] == []
    assert replay(changing)["differing"] == 0


def test_a_new_major_version_has_tables_of_its_own_that_replay_fills(changing: House) -> None:
    seq = changing.rain(TABLE)["commits"][0]
    changing.ok("quarantine", "fix", "--record", f"{seq}:1", "--set", "precipitation=31")
    changing.ok("quarantine", "dismiss", "--record", f"{seq}:3", "--note", "hỏng")
    changing.rain("Trạm đo,Ngày,Lượng mưa ngày\nĐông Anh,01/10/2021,8\nMai,01/10/2021,7\n", "later.csv")
    old = changing.standing()
    change(changing, "2.0.0", "logicalType: number", "logicalType: integer")
    said = replay(changing)
    assert changing.standing() == old | {("Láng", "2021-10-01"): None}  # 12,5 is no whole number
    assert changing.standing("_held")["Láng", "2021-10-01"] == ["precipitation"]
    assert changing.standing(table="rain_gauge_v1") == old
    assert said["judged"] == 9
    assert changing.rows("select count(*) from open.rain_gauge") == [(len(old) - 1,)]
    assert replay(changing)["differing"] == 0
    changing.rain("Trạm đo,Ngày,Lượng mưa ngày\nMai,01/10/2021,9\n", "new.csv")
    assert changing.standing()["Mai", "2021-10-01"] == 9
    assert replay(changing)["differing"] == 0


def value(of: float | str) -> dict[str, object]:
    return {"type": "Property", "value": of}


def entity(station: str, rain: float) -> dict[str, object]:
    return {
        "id": f"urn:ngsi-ld:WeatherObserved:{station}",
        "type": "rain_gauge",
        "stationName": value(station),
        "dateObserved": value("2021-10-01"),
        "precipitation": value(rain),
    }
