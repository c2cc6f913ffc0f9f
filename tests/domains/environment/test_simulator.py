import csv
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from khue.app.catalogue import DEMO_CITY, OWN_DOMAINS, load_simulator, read_catalogue
from khue.clean.clean import clean
from khue.intake.decode import open_file

SIMULATOR: Any = load_simulator(OWN_DOMAINS / "environment" / "simulator.py")
CATALOGUE = read_catalogue()
NOON = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
FIRST, DAYS = date(2026, 9, 1), 60
STATIONS = pl.DataFrame(
    schema={"_id": pl.String, "_x": pl.Float64, "_y": pl.Float64, "_area": pl.String, "name": pl.String}
)


def failures(type_name: str, content: bytes, source: str) -> set[tuple[str, str]]:
    """Return (station, check) of every failure that the real decoder and the real cleaning find."""
    contract = CATALOGUE.contract(type_name)
    found: set[tuple[str, str]] = set()
    for batch in open_file(content, contract, CATALOGUE.source(source)):
        cleaned = clean(batch, contract, {"station": STATIONS}, NOON)
        for row in cleaned.rows.iter_rows(named=True):
            found |= {(row["station"], flag) for flag in row["_flags"]}
        for waits in cleaned.quarantined.iter_rows(named=True):
            station = json.loads(waits["received"])["station"]
            found |= {(station, reason["check"]) for reason in json.loads(waits["reasons"])}
    return found


def days_of(source: str, step: int, days: int) -> tuple[bytes, list[Any]]:
    moments = [NOON + timedelta(seconds=step * n) for n in range(days * 86400 // step)]
    return (
        b"".join(SIMULATOR.batch(source, moment, 7) for moment in moments),
        [fault for moment in moments for fault in SIMULATOR.faults(source, moment, 7)],
    )


@pytest.mark.parametrize(
    ("type_name", "source", "step"), [("air_station", "air_simulated", 10), ("rain_gauge", "rain_simulated", 600)]
)
def test_every_fault_that_the_simulator_knows_is_found_by_its_check(type_name: str, source: str, step: int) -> None:
    content, faults = days_of(source, step, step // 100 + 1)
    assert faults
    assert {(fault.station, fault.check) for fault in faults} <= failures(type_name, content, source)


def test_readings_without_a_fault_fail_nothing() -> None:
    content, faults = days_of("air_simulated", 10, 1)
    blamed = {check for _, check in failures("air_station", content, "air_simulated")}
    known = {fault.check for fault in faults} | {"temperature_regional"}
    assert blamed <= known


def test_the_same_seed_gives_the_same_and_another_seed_does_not() -> None:
    assert SIMULATOR.export(FIRST, DAYS, 7) == SIMULATOR.export(FIRST, DAYS, 7)
    assert SIMULATOR.export(FIRST, DAYS, 7) != SIMULATOR.export(FIRST, DAYS, 8)


def test_the_export_is_like_the_real_ones_and_its_faults_are_found() -> None:
    content = SIMULATOR.export(FIRST, DAYS, 7)
    assert content.startswith(b"\xff\xfe")
    decoded = open_file(content, CATALOGUE.contract("rain_gauge"), CATALOGUE.source("rain_export"))
    records = pl.concat([batch.frame.select("station", "precipitation") for batch in decoded])
    assert decoded.footers.count == 2
    assert decoded.findings == []
    assert "Long Biên (2)" in records["station"].to_list()
    assert "Xã Hoài Đức" in records["station"].to_list()
    assert records["precipitation"].null_count() > 0
    assert "0.0" not in records["precipitation"].to_list()
    found = failures("rain_gauge", content, "rain_export")
    assert {(fault.station, fault.check) for fault in SIMULATOR.export_faults(FIRST, DAYS)} <= found


def test_its_stations_are_those_of_the_demonstration_city() -> None:
    with (DEMO_CITY / "stations.csv").open(encoding="utf-8", newline="") as file:
        listed = {row["Tên trạm"] for row in csv.DictReader(file)}
    assert listed == set(SIMULATOR.GAUGES)
    assert set(SIMULATOR.AIR_STATIONS) <= listed


def test_a_moment_without_readings_is_empty_and_an_unknown_source_is_refused() -> None:
    assert any(SIMULATOR.batch("rain_simulated", NOON + timedelta(minutes=10 * n), 7) == b"" for n in range(12))
    with pytest.raises(ValueError, match="no source traffic"):
        SIMULATOR.batch("traffic", NOON, 7)
