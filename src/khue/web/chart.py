"""A line through readings, drawn on the server: gaps stay gaps, flagged readings are marked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import floor, log10
from statistics import median

WIDTH, HEIGHT = 720.0, 220.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 12.0, 12.0, 26.0
LONG_SILENCE = 10  # times the usual distance between two readings
BY_DAY = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Reading:
    """One value at one time; `marked` where it was let pass with a flag."""

    at: datetime
    value: float | None
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """The drawing in user units: `lines` are polyline points, `ticks` (y, value), `days` (x, moment)."""

    lines: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    marks: tuple[tuple[float, float, Reading], ...]
    ticks: tuple[tuple[float, float], ...]
    days: tuple[tuple[float, datetime], ...]
    by_day: bool = False  # so long that the time of day says nothing
    width: float = WIDTH
    height: float = HEIGHT


def _step(span: float) -> float:
    """Return a step of 1, 2 or 5 times a power of ten that divides a span into about four."""
    rough = span / 4
    power = 10.0 ** floor(log10(rough))
    return next((factor * power for factor in (1, 2, 5) if factor * power >= rough), 10 * power)


def _runs(readings: Sequence[Reading]) -> list[list[Reading]]:
    """Return the readings that one line may join: a reading without a value parts it, and so does a long silence."""
    distances = [(after.at - before.at).total_seconds() for before, after in pairwise(readings)]
    silence = timedelta(seconds=LONG_SILENCE * median(distances)) if distances else timedelta(0)
    runs: list[list[Reading]] = [[]]
    last: datetime | None = None
    for reading in readings:
        if reading.value is None or (last is not None and reading.at - last > silence > timedelta(0)):
            runs.append([])
        if reading.value is not None:
            runs[-1].append(reading)
        last = reading.at
    return [run for run in runs if run]


def draw(readings: Sequence[Reading]) -> Chart | None:
    """Return the chart of readings in order of time, or None where fewer than two have a value."""
    values = [reading.value for reading in readings if reading.value is not None]
    if len(values) < 2:
        return None
    low, high = min(0.0, *values), max(0.0, *values)
    step = _step((high - low) or 1.0)
    top = step * (floor(high / step) + 1)
    bottom = step * floor(low / step)
    first, last = readings[0].at, readings[-1].at
    seconds = (last - first).total_seconds() or 1.0

    def x_of(at: datetime) -> float:
        return round(LEFT + (at - first).total_seconds() / seconds * (WIDTH - LEFT - RIGHT), 1)

    def y_of(value: float) -> float:
        return round(TOP + (top - value) / (top - bottom) * (HEIGHT - TOP - BOTTOM), 1)

    runs = [[(x_of(r.at), y_of(r.value)) for r in run if r.value is not None] for run in _runs(readings)]
    lines = tuple(" ".join(f"{x},{y}" for x, y in run) for run in runs if len(run) > 1)
    ticks = tuple((y_of(bottom + i * step), bottom + i * step) for i in range(round((top - bottom) / step) + 1))
    days = tuple((x_of(at), at) for at in (first + timedelta(seconds=seconds * part / 4) for part in range(5)))
    marks = tuple((x_of(r.at), y_of(r.value), r) for r in readings if r.marked and r.value is not None)
    return Chart(lines, tuple(run[0] for run in runs if len(run) == 1), marks, ticks, days, last - first > BY_DAY)
