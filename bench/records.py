"""Air readings for the benches: NGSI-LD entities of about 800 bytes, CSV lines, and the frame that a floor copies."""

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

STATIONS = 1_000
READINGS = ("pm25", "pm10", "no2", "so2", "o3", "co", "temperature", "relativeHumidity")
UNITS = ("GQ", "GQ", "GQ", "GQ", "GQ", "GQ", "CEL", "P1")
BEGIN = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)


def station(number: int) -> str:
    """Return the name of a station."""
    return f"Trạm quan trắc không khí số {number:04}"


def moment(step: int) -> str:
    """Return the moment of the n-th round of readings."""
    return (BEGIN + dt.timedelta(minutes=step)).strftime("%Y-%m-%dT%H:%M:%SZ")


def readings(number: int, step: int) -> list[float]:
    """Return plausible readings; they follow the hour, so that nothing is a spike."""
    wave = math.sin(step / 200 + number)
    dust = round(30 + 20 * wave + number % 7, 1)
    rest = [round(base + swing * wave, 2) for base, swing in ((25, 9), (12, 4), (60, 20), (640, 90), (27, 6), (70, 15))]
    return [dust, round(dust * 1.6, 1), *rest]


def entity(number: int, step: int) -> dict[str, Any]:
    """Return one reading as a normalized NGSI-LD entity."""
    at = moment(step)
    attributes: dict[str, dict[str, Any]] = {
        name: {"type": "Property", "value": value, "unitCode": unit}
        for name, value, unit in zip(READINGS, readings(number, step), UNITS, strict=True)
    }
    for name in READINGS[:3]:
        attributes[name]["observedAt"] = at
    return {
        "id": f"urn:ngsi-ld:AirQualityObserved:bench-{number:06}",
        "type": "AirQualityObserved",
        "stationName": {"type": "Property", "value": station(number)},
        "dateObserved": {"type": "Property", "value": at},
        **attributes,
    }


def body(step: int, size: int = STATIONS, first: int = 0) -> bytes:
    """Return the body of one request: a reading of each of `size` stations at one moment."""
    return orjson.dumps([entity(number, step) for number in range(first, first + size)])


PROPERTIES = (
    "station", "observed_at", "pm25", "pm10", "no2", "so2", "o3", "co", "temperature", "relative_humidity",
)  # fmt: skip


def csv_lines(rows: int, headings: Sequence[str] = PROPERTIES, stations: int = STATIONS) -> Iterator[bytes]:
    """Yield a CSV of readings, a heading first, in blocks of one moment."""
    yield ",".join(headings).encode() + b"\n"
    for step in range(math.ceil(rows / stations)):
        at = moment(step)
        count = min(stations, rows - step * stations)
        lines = (f"{station(n)},{at},{','.join(map(str, readings(n, step)))}\n" for n in range(count))
        yield "".join(lines).encode()
