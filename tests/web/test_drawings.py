from datetime import UTC, datetime, timedelta

from tests.web.sample_centre import sample_source

from khue.web import chart, city_map, freshness
from khue.web.city_map import Station

NOW = datetime(2026, 11, 22, tzinfo=UTC)
BOUNDS = (105.0, 20.0, 106.0, 21.0)


def station(name: str, x: float | None, y: float | None, value: float | None = 1.0, state: str = "measured") -> Station:
    return Station(name, name, x, y, value, NOW, state)


def test_north_is_up_and_east_is_right() -> None:
    drawing = city_map.draw(BOUNDS, (), [station("south", 105.5, 20.1), station("north-east", 105.9, 20.9)])
    placed = {point.station.id: point for point in drawing.points}
    assert placed["north-east"].y < placed["south"].y
    assert placed["north-east"].x > placed["south"].x


def test_the_map_shows_where_the_stations_stand_and_no_more() -> None:
    corner = [station("a", 105.1, 20.1), station("b", 105.2, 20.2), station("elsewhere", 110.0, 20.5)]
    west, south, east, north = city_map.frame_of(BOUNDS, corner)
    assert 105.0 < west < 105.1 and 105.2 < east < 105.4
    assert 20.0 < south < 20.1 and 20.2 < north < 20.4
    assert city_map.frame_of(BOUNDS, []) == BOUNDS
    alone = city_map.frame_of(BOUNDS, [station("a", 105.5, 20.5)])
    assert alone[2] - alone[0] > 0.05, "one station does not fill the city"


def test_a_crowded_middle_has_a_lens_where_each_station_is_told_once() -> None:
    crowd = [station(f"c{n}", 105.5 + n % 4 / 100, 20.5 + n // 4 / 100) for n in range(16)]
    around = [station("west", 105.05, 20.5), station("east", 105.95, 20.55), station("north", 105.5, 20.95)]
    lens = city_map.lens_of(BOUNDS, crowd + around)
    assert lens
    whole = city_map.draw(city_map.frame_of(BOUNDS, crowd + around), (), crowd + around, lens)
    enlarged = city_map.draw(lens, (), crowd + around)
    told = {p.station.id for p in whole.points if not p.small}, {p.station.id for p in enlarged.points}
    assert told[0] | told[1] == {s.id for s in crowd + around}
    assert not told[0] & told[1]
    assert whole.window
    assert city_map.lens_of(BOUNDS, around) is None


def test_a_value_is_never_cut_off_by_the_edge() -> None:
    edge = city_map.draw(BOUNDS, (), [station("east", 105.999, 20.5), station("west", 105.001, 20.5)]).points
    assert {p.station.id: p.side for p in edge} == {"east": "left", "west": "right"}


def test_a_degree_of_longitude_is_shorter_than_one_of_latitude() -> None:
    drawing = city_map.draw(BOUNDS, (), [])
    assert drawing.height > drawing.width


def test_stations_without_a_place_or_outside_the_city_are_not_drawn() -> None:
    drawing = city_map.draw(BOUNDS, (), [station("nowhere", None, None), station("far", 110.0, 20.5)])
    assert (drawing.points, drawing.beyond) == ((), 1)


def test_a_value_never_covers_another_and_the_urgent_one_is_written() -> None:
    crowd = [station(f"s{n}", 105.5, 20.5, float(n)) for n in range(6)] + [station("hot", 105.5, 20.5, 0.1, "flagged")]
    points = city_map.draw(BOUNDS, (), crowd).points
    alone = city_map.draw(BOUNDS, (), [station("only", 105.5, 20.5)]).points
    assert len([point for point in points if point.side]) <= 2
    assert alone[0].side == "right"


def test_a_gap_in_readings_stays_a_gap() -> None:
    values = [1.0, 2.0, None, 3.0, 4.0, None, 5.0]
    drawn = chart.draw([chart.Reading(NOW + timedelta(hours=n), value) for n, value in enumerate(values)])
    assert drawn
    assert (len(drawn.lines), len(drawn.dots)) == (2, 1)


def test_a_long_silence_parts_the_line() -> None:
    hours = [0, 1, 2, 3, 500, 501, 502]
    drawn = chart.draw([chart.Reading(NOW + timedelta(hours=n), 1.0) for n in hours])
    assert drawn
    assert len(drawn.lines) == 2
    assert drawn.by_day


def test_a_chart_starts_at_zero_and_ends_above_its_highest_reading() -> None:
    drawn = chart.draw([chart.Reading(NOW + timedelta(hours=n), float(n)) for n in range(1, 90)])
    assert drawn
    ticks = [value for _, value in drawn.ticks]
    assert (ticks[0], ticks[-1] >= 89) == (0.0, True)


def test_one_reading_makes_no_chart() -> None:
    assert chart.draw([chart.Reading(NOW, 1.0), chart.Reading(NOW, None)]) is None


def test_equal_readings_make_a_flat_chart() -> None:
    assert chart.draw([chart.Reading(NOW, 0.0), chart.Reading(NOW + timedelta(hours=1), 0.0)])


def test_a_source_is_judged_by_its_own_promise() -> None:
    source = sample_source("s", "Nguồn", "Source", 600)
    ages = {60: "fresh", 1199: "fresh", 1201: "late", 7201: "lost"}
    assert {age: freshness.state_of(source, NOW - timedelta(seconds=age), NOW) for age in ages} == ages
    assert freshness.state_of(source, None, NOW) == "never"


def test_a_source_by_hand_is_never_late() -> None:
    by_hand = sample_source("s", "Tệp", "File", None)
    assert freshness.state_of(by_hand, NOW - timedelta(days=900), NOW) == "by_hand"
