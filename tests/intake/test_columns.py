"""Headings as owners write them find their properties, whatever their accents, case and missing words."""

import pytest

from khue.app.catalogue import read_catalogue
from khue.intake.columns import choose_source

CATALOGUE = read_catalogue()
RAIN = CATALOGUE.contract("rain_gauge")
SOURCES = CATALOGUE.sources_of("rain_gauge")


@pytest.mark.parametrize(
    "headings",
    [
        ["station", "observed_on", "precipitation"],
        ["Trạm đo", "Ngày", "Lượng mưa ngày"],
        ["Trạm", "Ngày", "Lượng mưa"],
        ["TRAM", "ngay", "luong mua (mm)"],
        ["Gauge", "Day", "Rain"],
        ["Tên trạm đo", "Ngày đo", "Lượng mưa ngày (mm/ngày)"],
    ],
)
def test_a_long_table_of_readings_is_read_by_its_headings(headings):
    source, _ = choose_source(headings, "csv", RAIN, SOURCES)
    assert source.shape is None
    assert {source.columns.get(heading) for heading in headings} == {"station", "observed_on", "precipitation"}


def test_a_wide_table_of_gauges_is_read_as_the_export():
    source, _ = choose_source(["Ngày", "Ba Đình", "Xã Đông Anh", "Hà Đông"], "html", RAIN, SOURCES)
    assert source.name == "rain_export"


def test_a_heading_like_two_properties_or_two_like_one_is_not_guessed():
    source, _ = choose_source(["Trạm A", "Trạm B", "observed_on", "x"], "csv", RAIN, [])
    assert "station" not in source.columns.values()


def test_a_file_by_hand_is_never_taken_for_a_simulated_source():
    source, _ = choose_source(["station", "observed_on", "precipitation"], "csv", RAIN, SOURCES)
    assert not source.simulated
    assert source.late_after is None
