"""The two subjects, as fixtures."""

from pathlib import Path

import pytest

from khue.contract.contract import Contract
from khue.contract.label import Label
from khue.contract.property import Property
from khue.contract.source import Footer, Long, Source, Wide

PARAMETERS = ("co", "hum", "no2", "o3", "pm10", "pm25", "so2", "temp")
LABEL = Label("nguồn", "source")


def _contract(name, entity, *properties):
    label = Label(name, name)
    return Contract(
        name, entity, "1.0.0", "measure", "active", label, "", "H26", "{station}", "at",
        tuple(Property(each, kind, Label(each, each)) for each, kind in properties), (),
    )  # fmt: skip


@pytest.fixture(scope="session")
def rain():
    return _contract("rain", "RainGauge", ("station", "string"), ("at", "date"), ("rain", "number"))


@pytest.fixture(scope="session")
def air():
    numbers = ((name, "number") for name in PARAMETERS)
    return _contract("air", "AirQualityObserved", ("station", "string"), ("at", "timestamp"), *numbers)


@pytest.fixture(scope="session")
def rain_table():
    return Source(
        "rain-table", "rain", LABEL, "H26", "html", {"Ngày": "at"}, shape=Wide("station", "rain"), file="x",
        footers=(Footer(("Tổng",), "sum"), Footer(("Trung bình",), "mean")),
    )  # fmt: skip


@pytest.fixture(scope="session")
def air_long():
    by = ("station_name", "timestamp_utc")
    return Source(
        "air-long", "air", LABEL, "H26", "csv", dict(zip(by, ("station", "at"), strict=True)), file="x",
        ignore=("quality_flag",), shape=Long(by, "parameter", "value", {name: name for name in PARAMETERS}, "unit"),
    )  # fmt: skip


@pytest.fixture(scope="session")
def air_flat():
    return Source("air-flat", "air", LABEL, "H26", "csv", {"trạm": "station", "lúc": "at", "CO": "co"}, file="x")


@pytest.fixture(scope="session")
def real_data():
    folder = Path(__file__).parents[3] / "shared" / "data"
    if not folder.exists():
        pytest.skip("the real files are not here (../shared/data)")
    return folder
