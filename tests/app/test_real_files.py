"""The real files through the whole path: rows = records by fate + footers; each column's sum before = after + held."""

import gzip
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from lxml import html
from tests.app.conftest import FATES, House

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real files are not in {DATA}")


@pytest.fixture(scope="module")
def house(houses: Callable[[], House]) -> House:
    return houses()


def balanced(said: dict[str, int]) -> bool:
    return said["received"] == sum(said[fate] for fate in FATES if fate != "received")


@pytest.mark.parametrize(("year", "rows"), [(2020, 147), (2021, 229), (2022, 236)])
def test_a_year_of_rain(house: House, year: int, rows: int) -> None:
    file = DATA / "hanoi_rainfall" / f"{year}.xls"
    dry = house("ingest", "--type", "rain_gauge", file, "--dry-run", "--json")
    said = house.ok("ingest", "--type", "rain_gauge", file)
    assert dry.fates() == {fate: said[fate] for fate in FATES}
    assert balanced(said)
    assert (said["rows"], said["footers"]) == (rows, 2)
    assert said["received"] == (rows - 2) * 49
    assert said["rejected"] == 0
    table = list(html.fromstring(file.read_bytes().decode("utf-16")).iter("tr"))
    total = next(row for row in table if row[0].text_content() == "Tổng")
    stated = sum(float(cell.text_content()) for cell in total[1:])
    first, last = said["commits"]
    ((stands,),) = house.rows(
        "select sum(precipitation) from history.rain_gauge where _seq between %s and %s", first, last
    )
    ((held,),) = house.rows(
        """select coalesce(sum((convert_from(received, 'UTF8')::jsonb->>'precipitation')::float8), 0)
           from khue.quarantine where action = 'hold' and seq between %s and %s""",
        first,
        last,
    )
    assert stands + held == pytest.approx(stated, abs=49 * 0.051)
    again = house.ok("ingest", "--type", "rain_gauge", file)
    assert (again["again"], again["unchanged"]) == (True, said["received"])


def test_the_air_of_the_city(house: House) -> None:
    file = DATA / "hanoi_air" / "hanoi_station_measurements.csv.gz"
    before = pl.read_csv(gzip.decompress(file.read_bytes()), infer_schema=False)
    said = house.ok("ingest", "--type", "air_station", file)
    assert balanced(said)
    assert (said["rows"], said["footers"]) == (before.height, 0)
    names = {"temp": "temperature", "hum": "relative_humidity"}
    for (parameter,), values in before.group_by("parameter"):
        column = names.get(str(parameter), str(parameter))
        ((entered,),) = house.rows(f"select coalesce(sum({column}), 0) from history.air_station")
        ((kept,),) = house.rows(
            f"""select coalesce(sum((convert_from(received, 'UTF8')::jsonb->>'{column}')::float8), 0)
                from khue.quarantine where type = 'air_station' and (action = 'reject' or '{column}' = any(fields))"""
        )
        stated = values["value"].cast(pl.Float64).sum()
        assert entered + kept == pytest.approx(stated, rel=1e-9), parameter


def test_all_of_it_verifies(house: House) -> None:
    assert house.ok("verify") == {"ok": True, "findings": []}
