"""Stations that readings name and the register lacks become entries of it, by name alone."""

import pytest
from tests.app.conftest import House

from khue.app.followers import follow, followers
from khue.contract.errors import Refused
from khue.ledger.follow import cursor

REGISTER = "Tên trạm,Loại,Mạng lưới,Kinh độ,Vĩ độ,Mã xã phường\nLáng,rain,thử,105.80,21.02,\n"


def run(house: House) -> int:
    """Let every follower read the log to its end; return how many commits they saw."""
    with house.opened() as opened:
        return sum(follow(opened, each, print) for each in followers(opened))


def test_an_unknown_gauge_becomes_an_entry_without_a_position(fresh: House) -> None:
    fresh.ok("ingest", "--type", "station", "--source", "stations", fresh.file(REGISTER, "stations.csv"))
    fresh.rain()
    assert run(fresh) > 0
    found = dict(fresh.rows("select name, _x from state.station"))
    assert found == {"Láng": 105.80, "Hà Đông": None, "Đông Anh": None}
    kind, source = fresh.rows("select kind, source from khue.commit where type = 'station' order by seq desc limit 1")[
        0
    ]
    assert (kind, source) == ("conclusion", "khue:learned")
    assert run(fresh) == 0
    assert fresh.ok("verify")["ok"]


def test_what_was_learned_is_kept_when_the_register_comes_and_readings_find_their_place(fresh: House) -> None:
    fresh.rain()
    run(fresh)
    fresh.ok("ingest", "--type", "station", "--source", "stations", fresh.file(REGISTER, "stations.csv"))
    assert dict(fresh.rows("select name, _x from state.station"))["Láng"] == 105.80
    fresh.rain("Trạm đo,Ngày,Lượng mưa ngày\nLáng,03/10/2021,1\n", "later.csv")
    assert fresh.rows("select _x from state.rain_gauge where station = 'Láng'") == [(105.80,)]
    said = fresh.ok("replay", "--type", "rain_gauge")
    assert said["differing"] > 0  # the earlier readings find their place too
    assert fresh.standing("_x")["Láng", "2021-10-01"] == 105.80


def test_a_follower_that_fails_three_times_on_a_commit_stops_there_alone(fresh: House) -> None:
    fresh.rain()
    with fresh.opened() as opened:
        chosen = next(each for each in followers(opened) if "rain_gauge" in each.types)
        said: list[str] = []

        def broken(_: object) -> None:
            raise Refused("It cannot be")

        failing = type(chosen)(chosen.name, chosen.types, broken)
        assert [follow(opened, failing, said.append) for _ in range(4)] == [0, 0, 0, 0]
        assert cursor(opened.ledger, chosen.name).stopped
    assert said[-1].endswith("Stopped.")
    assert len(said) == 3
    facts = {fact["name"]: fact for fact in fresh("doctor", "--json").json["facts"]}
    assert facts[f"follower {chosen.name}"]["state"] == "bad"


@pytest.mark.parametrize("type_name", ["rain_gauge", "air_station"])
def test_every_type_that_names_stations_has_its_follower(fresh: House, type_name: str) -> None:
    with fresh.opened() as opened:
        assert [each.name for each in followers(opened) if type_name in each.types] == [f"learn_{type_name}_station"]
