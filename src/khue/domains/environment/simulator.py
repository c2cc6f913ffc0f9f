"""A deterministic source for the demonstration city: rain gauges and air stations, with the faults of real ones.

The same seed and moment give the same bytes; nothing else is looked at. Every record is made up, and `faults` and
`export_faults` know which are wrong and what must become of them.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Literal

LOCAL = timezone(timedelta(hours=7))
AIR_TICK, RAIN_TICK = 10, 600  # seconds between two batches
DAY = 86400

# Names as in the demonstration city's stations.csv; the last one has no position there.
GAUGES = (
    *("Ba Đình", "Hai Bà Trưng", "Ô Chợ Dừa", "Văn Miếu - Quốc Tử Giám", "Khương Đình", "Thanh Xuân"),
    *("Hoàng Mai", "Lĩnh Nam", "Hoàng Liệt", "Yên Sở", "Hoàn Kiếm", "Phú Diễn"),
    *("Yên Hòa", "Nghĩa Đô", "Tây Hồ", "Đông Ngạc", "Từ Liêm", "Tây Mỗ"),
    *("Đại Mỗ", "Kiến Hưng", "Hà Đông", "Yên Nghĩa", "Bồ Đề", "Phúc Lợi"),
    *("Xã Gia Lâm", "Xã Đông Anh", "Xã Sóc Sơn", "Xã Hoài Đức", "Xã Thạch Thất", "Xã Xuân Mai"),
    *("Xã Thường Tín", "Xã Phú Xuyên", "Trạm mô phỏng chưa có vị trí"),
)
AIR_STATIONS = GAUGES[0:31:3]
EMPTY_GAUGES = ("Thanh Xuân", "Long Biên", "Long Biên")  # the export repeats headings; these columns are blank
Fate = Literal["clean", "flagged", "held", "rejected"]
Possible = tuple[tuple[str, str, str, str, Fate], ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that the simulator put in: where, which, and the check that must find it."""

    station: str
    kind: str
    property: str
    written: str
    check: str
    fate: Fate


def batch(source: str, now: datetime, seed: int) -> bytes:
    """Return what a source sends at a moment, as NDJSON; empty where it sends nothing then."""
    records = [record for record, _ in _made(source, now, seed)]
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


def faults(source: str, now: datetime, seed: int) -> tuple[Fault, ...]:
    """Return the faults that are in `batch` of the same arguments."""
    return tuple(fault for _, fault in _made(source, now, seed) if fault is not None)


def _made(source: str, now: datetime, seed: int) -> Iterator[tuple[Mapping[str, Any], Fault | None]]:
    if source == "air_simulated":
        return _air(now.astimezone(UTC), seed)
    if source == "rain_simulated":
        return _rain(now.astimezone(LOCAL), seed)
    raise ValueError(f"The environment simulates no source {source}")


def _share(*parts: object) -> float:
    """Return a number from 0 to 1 (excluded) that depends on the parts alone."""
    digest = hashlib.sha256("|".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:6], "big") / (1 << 48)


# Air: each station tells its values once a minute, at a second of its own.

_AIR_FAULTS: Possible = (
    ("impossible", "temperature", "812.5", "temperature_possible", "held"),
    ("text", "pm25", "lỗi cảm biến", "pm25_type", "held"),
    ("negative", "so2", "-4.2", "so2_possible", "held"),
    ("high", "pm10", "655.0", "pm10_regional", "flagged"),
    ("unit", "temperature_unit", "µg/m³", "temperature_unit", "flagged"),
)
_AIR_FAULT_SHARE = 0.03


def _air(now: datetime, seed: int) -> Iterator[tuple[Mapping[str, Any], Fault | None]]:
    moment = now.replace(second=now.second - now.second % AIR_TICK, microsecond=0)
    slots = 60 // AIR_TICK
    for station in AIR_STATIONS:
        if int(_share(seed, "slot", station) * slots) == moment.second // AIR_TICK:
            yield _with_fault(_air_record(station, moment, seed), (seed, station, moment.isoformat()), _AIR_FAULTS)


def _air_record(station: str, moment: datetime, seed: int) -> dict[str, Any]:
    hour = moment.astimezone(LOCAL).hour + moment.minute / 60
    rush = math.exp(-((hour - 7.5) ** 2) / 4) + math.exp(-((hour - 18.5) ** 2) / 5)
    here = 0.7 + 0.6 * _share(seed, "place", station)
    breath = 0.9 + 0.2 * _share(seed, station, moment.isoformat(), "breath")
    pm25 = round((22 + 26 * rush) * here * breath, 1)
    warm = math.sin((hour - 9) / 24 * 2 * math.pi)
    return {
        "station": station,
        "observed_at": moment.isoformat().replace("+00:00", "Z"),
        "pm25": pm25,
        "pm10": round(pm25 * 1.5 + 8 * breath, 1),
        "no2": round((18 + 24 * rush) * breath, 1),
        "so2": round(9 * here * breath, 1),
        "o3": round(45 + 30 * warm * breath, 1),
        "co": round((420 + 500 * rush) * here, 1),
        "temperature": round(23 + 5 * warm + 2 * breath, 1),
        "relative_humidity": round(min(99.0, 72 - 14 * warm + 8 * breath), 1),
    }


def _with_fault(
    record: dict[str, Any], key: tuple[object, ...], possible: Possible
) -> tuple[Mapping[str, Any], Fault | None]:
    """Return the record, in a few cases with one fault of the list in it."""
    chance = _share(*key, "fault")
    if chance >= _AIR_FAULT_SHARE:
        return record, None
    kind, field, written, check, fate = possible[int(chance / _AIR_FAULT_SHARE * len(possible))]
    return record | {field: written}, Fault(record["station"], kind, field, written, check, fate)


_DRY_FROM = 0.97  # days that are dry everywhere

# Rain: each gauge tells the rain of the day before, once a day, at a time of its own.

_RAIN_FAULTS: Possible = (
    ("impossible", "precipitation", "7215.4", "precipitation_possible", "held"),
    ("text", "precipitation", "mưa to", "precipitation_type", "held"),
    ("high", "precipitation", "926.6", "precipitation_regional", "flagged"),
    ("blank", "precipitation", "", "precipitation_present", "flagged"),
    ("unit", "unit", "cm", "precipitation_unit", "flagged"),
)


def _rain(now: datetime, seed: int) -> Iterator[tuple[Mapping[str, Any], Fault | None]]:
    tick = (now.hour * 3600 + now.minute * 60 + now.second) // RAIN_TICK
    day = now.date() - timedelta(days=1)
    for gauge in GAUGES:
        if int(_share(seed, "slot", gauge) * (DAY // RAIN_TICK)) == tick:
            record = {
                "station": gauge,
                "observed_on": day.isoformat(),
                "precipitation": rain_of(gauge, day, seed) or 0.0,
            }
            yield _with_fault(record, (seed, gauge, day), _RAIN_FAULTS)


def rain_of(gauge: str, day: date, seed: int) -> float | None:
    """Return the true rain of a day in mm, or None where it was dry at the gauge."""
    wet = _share(seed, "wet", day)
    if wet > _DRY_FROM:
        return None
    if wet > 0.45 + 0.3 * math.sin((day.timetuple().tm_yday - 110) / 365 * 2 * math.pi):
        return _shower_of(gauge, day, seed)
    everywhere = 60 * _share(seed, "rain", day) ** 2.5
    amount = round(everywhere * (0.4 + 1.2 * _share(seed, "rain", day, gauge)), 1)
    return amount if amount > 0 else None


def _shower_of(gauge: str, day: date, seed: int) -> float | None:
    """Return the rain of a passing shower, or None where it passed by: the newest day is hardly ever dry everywhere."""
    if _share(seed, "shower", day, gauge) > 0.5:
        return None
    amount = round((4 + 20 * _share(seed, "shower", day)) * _share(seed, "shower", gauge, day, "amount") ** 1.5, 1)
    return amount if amount > 0 else None


# The export of an office: an HTML table in UTF-16 named .xls, exactly as the real ones are.

_HEAD = "\n<div class='container'><table class='table table-bordered' width='100%'><thead><tr>"
_BLANK = "&nbsp;"


def export(first: date, days: int, seed: int) -> bytes:
    """Return an export of daily rain with the known faults: breaks and repeats in headings, blanks, footers, spikes.

    Dry days are left out and there is no zero, as in the real ones.
    """
    gauges = (*GAUGES, *EMPTY_GAUGES)
    rows = [(day, cells) for day, cells in _export_rows(first, days, seed) if any(cells)]
    headings = "\n".join(_heading(gauge) for gauge in gauges)
    body = "\n".join(_row(day.strftime("%d/%m/%Y"), [_cell(value) for value in cells]) for day, cells in rows)
    columns = list(zip(*(cells for _, cells in rows), strict=True)) or [()] * len(gauges)
    sums = [f"{round(sum(v for v in column if v is not None), 1):g}" for column in columns]
    html = (
        f"{_HEAD}<th>Ngày</th>{headings}\n</tr></thead><tbody>{body}\n"
        f"{_row('Tổng', sums, bold=True)}{_row('Trung bình', [_mean(column) for column in columns], bold=True)}"
        "</tbody></table></div"
    )
    return b"\xff\xfe" + html.encode("utf-16-le")


def export_faults(first: date, days: int) -> tuple[Fault, ...]:
    """Return the faults that `export` puts in, whatever the seed."""
    found: list[Fault] = []
    for day, gauge, value in _spikes(first, days):
        held = value > 1825
        check, fate = ("precipitation_possible", "held") if held else ("precipitation_regional", "flagged")
        found.append(Fault(gauge, f"spike {day.isoformat()}", "precipitation", str(value), check, fate))
    return tuple(found)


def _spikes(first: date, days: int) -> tuple[tuple[date, str, float], ...]:
    middle = first + timedelta(days=days // 2)
    return (
        (middle - timedelta(days=1), "Xã Đông Anh", 832.0),
        (middle, "Xã Đông Anh", 926.6),
        (first + timedelta(days=days // 3), "Xã Thường Tín", 7215.4),
    )


def _export_rows(first: date, days: int, seed: int) -> Iterator[tuple[date, list[float | None]]]:
    spikes = {(day, gauge): value for day, gauge, value in _spikes(first, days)}
    for day in (first + timedelta(days=n) for n in range(days)):
        cells = [spikes.get((day, gauge), _reported(gauge, day, seed)) for gauge in GAUGES]
        yield day, [*cells, *(None for _ in EMPTY_GAUGES)]


def _reported(gauge: str, day: date, seed: int) -> float | None:
    """Return what the gauge reports: now and then it is dead."""
    return None if _share(seed, "dead", gauge, day) < 0.05 else rain_of(gauge, day, seed)


def _heading(gauge: str) -> str:
    """Return a heading; one has a line break in it, as in the real ones."""
    line_break = "\n" if gauge == "Xã Hoài Đức" else ""
    return f"<th>{line_break}{gauge}</th>"


def _cell(value: float | None) -> str:
    return _BLANK if value is None else f"{value:.1f}"


def _mean(column: tuple[float | None, ...]) -> str:
    values = [value for value in column if value is not None]
    return f"{sum(values) / len(values):.1f}" if values else _BLANK


def _row(first: str, cells: list[str], *, bold: bool = False) -> str:
    mark = " class='bold'" if bold else ""
    return "<tr>" + "".join(f"<td align='center'{mark}>{cell}</td>" for cell in (first, *cells)) + "</tr>"
