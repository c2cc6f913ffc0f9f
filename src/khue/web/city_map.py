"""The map, drawn on the server: the city in equirectangular projection, its graticule, its stations."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, cos, radians

from khue.web.centre import Ring

WIDTH = 430.0
MARGIN = 24.0
Box = tuple[float, float, float, float]  # left, top, right, bottom
STEP = 0.2  # degrees between lines of the graticule


@dataclass(frozen=True, slots=True)
class Station:
    """One entity of a type with its newest reading; `x`, `y` are degrees, or None where nobody knows the place."""

    id: str
    name: str
    x: float | None
    y: float | None
    value: float | None
    observed_at: datetime | None
    state: str


@dataclass(frozen=True, slots=True)
class Point:
    """A station on the drawing; its value is written on `side` ("right", "left", "" = there is no room)."""

    station: Station
    x: float
    y: float
    side: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """The drawing in user units; lines are (x1, y1, x2, y2, degrees)."""

    width: float
    height: float
    paths: tuple[str, ...]
    meridians: tuple[tuple[float, float], ...]
    parallels: tuple[tuple[float, float], ...]
    points: tuple[Point, ...]
    beyond: int  # stations whose place lies outside the city's bounds


@dataclass(frozen=True, slots=True)
class Projection:
    """From degrees to user units, true in scale along the middle parallel."""

    west: float
    north: float
    scale: float  # user units a degree of latitude
    shrink: float  # degrees of longitude shrink by this

    def point(self, longitude: float, latitude: float) -> tuple[float, float]:
        """Return the place of a point, to a tenth of a unit."""
        x = MARGIN + (longitude - self.west) * self.shrink * self.scale
        return round(x, 1), round(MARGIN + (self.north - latitude) * self.scale, 1)


def _steps(low: float, high: float) -> list[float]:
    count = ceil(low / STEP)
    lines: list[float] = []
    while count * STEP <= high:
        lines.append(round(count * STEP, 4))
        count += 1
    return lines


def _path(ring: Ring, projection: Projection) -> str:
    points = " ".join("{},{}".format(*projection.point(x, y)) for x, y in ring)
    return f"M{points}Z"


def _urgency(station: Station) -> tuple[bool, float]:
    return (station.state not in {"flagged", "held"}, -(station.value or 0.0))


def _free(box: Box, taken: Iterable[Box]) -> bool:
    left, top, right, bottom = box
    return all(right < x1 or left > x2 or bottom < y1 or top > y2 for x1, y1, x2, y2 in taken)


def _side(station: Station, x: float, y: float, taken: list[Box]) -> str:
    """Return on which side of its point a value covers nothing else, "" where on none; take the place."""
    if station.value is None:
        return ""
    places = {"right": (x + 7, y - 7, x + 38, y + 6), "left": (x - 38, y - 7, x - 7, y + 6)}
    for side, box in places.items():
        if _free(box, taken):
            taken.append(box)
            return side
    return ""


def _with_room(stations: Sequence[tuple[Station, float, float]]) -> list[Point]:
    """Write values beside their points where they cover nothing else, the most urgent first."""
    taken: list[Box] = [(x - 5, y - 5, x + 5, y + 5) for _, x, y in stations]
    return [Point(station, x, y, _side(station, x, y, taken)) for station, x, y in stations]


def draw(bounds: tuple[float, float, float, float], outline: tuple[Ring, ...], stations: Sequence[Station]) -> Drawing:
    """Return the drawing of the city's bounds (west, south, east, north) with its placed stations."""
    west, south, east, north = bounds
    shrink = cos(radians((south + north) / 2))
    scale = (WIDTH - 2 * MARGIN) / ((east - west) * shrink)
    projection = Projection(west, north, scale, shrink)
    height = round((north - south) * scale + 2 * MARGIN, 1)
    placed = [station for station in stations if station.x is not None and station.y is not None]
    inside = [s for s in placed if west <= (s.x or 0) <= east and south <= (s.y or 0) <= north]
    ordered = sorted(inside, key=_urgency)
    points = _with_room([(s, *projection.point(s.x or 0.0, s.y or 0.0)) for s in ordered])
    return Drawing(
        width=WIDTH,
        height=height,
        paths=tuple(_path(ring, projection) for ring in outline),
        meridians=tuple((projection.point(step, north)[0], step) for step in _steps(west, east)),
        parallels=tuple((projection.point(west, step)[1], step) for step in _steps(south, north)),
        points=tuple(reversed(points)),
        beyond=len(placed) - len(inside),
    )
