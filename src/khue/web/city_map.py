"""The map, drawn on the server: where the stations stand, its graticule, and a lens over the crowded middle."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, cos, radians

from khue.web.centre import Ring

WIDTH = 340.0
MARGIN = 18.0
Box = tuple[float, float, float, float]  # left, top, right, bottom
Degrees = tuple[float, float, float, float]  # west, south, east, north
STEPS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)  # degrees between lines of the graticule
MOST_LINES = 4
LEAST_SPAN = 0.06  # degrees: a lone station is not drawn as if it filled the city
NARROWEST, WIDEST = 0.8, 1.25  # width over height of a frame
CROWD = 12  # stations from which a lens is worth its room
LENS_SHARE = 0.3  # … if it covers less than this of the whole


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
    """A station on the drawing; its value is written on `side` ("right", "left", "" = there is no room).

    `small` = it is drawn whole in the lens.
    """

    station: Station
    x: float
    y: float
    side: str
    small: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """The drawing in user units; meridians and parallels are (place, degrees), `window` is what the lens shows."""

    width: float
    height: float
    paths: tuple[str, ...]
    meridians: tuple[tuple[float, float], ...]
    parallels: tuple[tuple[float, float], ...]
    points: tuple[Point, ...]
    beyond: int  # stations whose place lies outside the frame
    window: Box | None = None


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


def _steps(low: float, high: float, step: float) -> list[float]:
    first = ceil(low / step)
    return [round(count * step, 4) for count in range(first, first + MOST_LINES + 1) if count * step <= high]


def _step(frame: Degrees) -> float:
    """Return the step of the graticule that gives the longer side four lines at most."""
    west, south, east, north = frame
    span = max(east - west, north - south)
    return next((step for step in STEPS if span / step <= MOST_LINES), STEPS[-1])


def _shrink(frame: Degrees) -> float:
    return cos(radians((frame[1] + frame[3]) / 2))


def _shaped(frame: Degrees) -> Degrees:
    """Return the frame, widened on its shorter side until it is neither too tall nor too wide."""
    west, south, east, north = frame
    shrink = _shrink(frame)
    width, height = max(east - west, LEAST_SPAN) * shrink, max(north - south, LEAST_SPAN)
    more_width, more_height = max(width, height * NARROWEST), max(height, width / WIDEST)
    x, y, half_x, half_y = (west + east) / 2, (south + north) / 2, more_width / shrink / 2, more_height / 2
    return x - half_x, y - half_y, x + half_x, y + half_y


def _around(stations: Sequence[Station], share: float) -> Degrees:
    """Return the frame of the stations' middle `share` (1 = all of them) in each direction, with room around it."""
    xs = sorted(s.x for s in stations if s.x is not None)
    ys = sorted(s.y for s in stations if s.y is not None)
    cut = round((len(xs) - 1) * (1 - share) / 2)
    west, east, south, north = xs[cut], xs[-1 - cut], ys[cut], ys[-1 - cut]
    room = 0.08 * max(east - west, north - south, LEAST_SPAN)
    return _shaped((west - room, south - room, east + room, north + room))


def _inside(station: Station, frame: Degrees) -> bool:
    west, south, east, north = frame
    return station.x is not None and station.y is not None and west <= station.x <= east and south <= station.y <= north


def frame_of(bounds: Degrees, stations: Sequence[Station]) -> Degrees:
    """Return what the map shows: where the stations within the city's bounds stand, or the bounds where none does."""
    placed = [station for station in stations if _inside(station, bounds)]
    return _around(placed, 1.0) if placed else bounds


def lens_of(bounds: Degrees, stations: Sequence[Station]) -> Degrees | None:
    """Return the crowded middle that deserves a drawing of its own, or None where nothing is crowded."""
    placed = [station for station in stations if _inside(station, bounds)]
    if len(placed) < CROWD:
        return None
    lens, whole = _around(placed, 0.6), frame_of(bounds, stations)
    share = (lens[2] - lens[0]) * (lens[3] - lens[1]) / ((whole[2] - whole[0]) * (whole[3] - whole[1]))
    return lens if share <= LENS_SHARE else None


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
        if box[0] >= 0 and box[2] <= WIDTH and _free(box, taken):
            taken.append(box)
            return side
    return ""


def _with_room(stations: Sequence[tuple[Station, float, float]], lens: Degrees | None) -> list[Point]:
    """Write values beside their points where they cover nothing else, the most urgent first."""
    taken: list[Box] = [(x - 5, y - 5, x + 5, y + 5) for _, x, y in stations]
    points: list[Point] = []
    for station, x, y in stations:
        small = lens is not None and _inside(station, lens)
        points.append(Point(station, x, y, "" if small else _side(station, x, y, taken), small))
    return points


def draw(
    frame: Degrees, outline: tuple[Ring, ...], stations: Sequence[Station], lens: Degrees | None = None
) -> Drawing:
    """Return the drawing of a frame with its placed stations; those within `lens` are told there, not here."""
    west, south, east, north = frame
    shrink = _shrink(frame)
    scale = (WIDTH - 2 * MARGIN) / ((east - west) * shrink)
    projection = Projection(west, north, scale, shrink)
    height = round((north - south) * scale + 2 * MARGIN, 1)
    inside = [station for station in stations if _inside(station, frame)]
    ordered = sorted(inside, key=_urgency)
    points = _with_room([(s, *projection.point(s.x or 0.0, s.y or 0.0)) for s in ordered], lens)
    step = _step(frame)
    return Drawing(
        width=WIDTH,
        height=height,
        paths=tuple(_path(ring, projection) for ring in outline),
        meridians=tuple((projection.point(line, north)[0], line) for line in _steps(west, east, step)),
        parallels=tuple((projection.point(west, line)[1], line) for line in _steps(south, north, step)),
        points=tuple(reversed(points)),
        beyond=sum(station.x is not None for station in stations) - len(inside),
        window=(*projection.point(lens[0], lens[3]), *projection.point(lens[2], lens[1])) if lens else None,
    )
