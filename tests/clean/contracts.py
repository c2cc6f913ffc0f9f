"""Contracts and batches that the tests of `clean` share."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import polars as pl

from khue.contract.batch import Batch
from khue.contract.check import Check
from khue.contract.contract import Contract, Locate
from khue.contract.label import Label
from khue.contract.property import Normaliser, Property, Reference

NOW = dt.datetime(2026, 11, 22, 1, 5, tzinfo=dt.UTC)
NAME = Label("Tên", "Name")
REASON = Label(
    "Dòng {row}, cột {column}: {value} vượt ngưỡng {maximum}", "Row {row}, column {column}: {value} is over {maximum}"
)


def check(
    name: str, kind: str, on_fail: str, field: str | None, dimension: str = "accurate", **arguments: Any
) -> Check:
    return Check(name, kind, dimension, on_fail, field, REASON, arguments)


LEVELS = Normaliser("enumeration", {"values": {"good": ["tốt"], "bad": ["xấu"]}})

AIR = Contract(
    type="air",
    entity_type="AirQualityObserved",
    version="1.2.0",
    kind="measure",
    status="active",
    label=NAME,
    description="",
    owner="stnmt",
    key="{station}",
    observed_at="at",
    properties=(
        Property("station", "string", NAME, folded=True, reference=Reference("station", "name")),
        Property("at", "timestamp", NAME),
        Property("pm25", "number", NAME, unit="GQ", unit_label="µg/m³"),
        Property("pm10", "number", NAME, unit="GQ"),
        Property("count", "integer", NAME),
        Property("day", "date", NAME),
        Property("works", "boolean", NAME),
        Property(
            "level",
            "string",
            NAME,
            normalise=(LEVELS,),
        ),
        Property("about", "object", NAME),
        Property("lon", "number", NAME),
        Property("lat", "number", NAME, normalise=(Normaliser("coordinate"),)),
    ),
    checks=(
        check("station_required", "required", "reject", "station", "sufficient"),
        check("at_required", "required", "reject", "at", "sufficient"),
        check("pm25_physical", "range", "hold", "pm25", minimum=0, maximum=1000),
        check("pm25_rare", "range", "flag", "pm25", maximum=500.5),
        check("pm10_physical", "range", "hold", "pm10", exclusiveMinimum=-1, maximum=2000),
        check("level_list", "enumeration", "hold", "level", "clean", values=["good", "bad"]),
        check("station_length", "length", "reject", "station", "clean", maxLength=40),
        check("station_pattern", "pattern", "flag", "station", "clean", pattern="[^0-9].*"),
        check("parts_of_whole", "predicate", "flag", None, "consistent", sql="pm25 <= pm10"),
        check("count_even", "predicate", "reject", "count", "consistent", sql="count < 1000"),
        check("pm25_unit", "unit", "flag", "pm25", "clean", unit="GQ"),
        check("station_known", "reference", "flag", "station", "consistent", type="station", property="name"),
    ),
    locate=Locate("point", longitude="lon", latitude="lat"),
)
STATIONS = pl.DataFrame(
    {
        "_id": ["s1", "s2"],
        "name": ["Hoàng Mai", "Đống Đa"],
        "_x": [105.85, None],
        "_y": [20.97, None],
        "_area": ["00331", "00226"],
    }
)


def batch(columns: Mapping[str, Any], **others: Any) -> Batch:
    return Batch(type="air", frame=pl.DataFrame(columns), parts=(), **others)
