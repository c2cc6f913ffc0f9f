"""The geographical query of NGSI-LD (ETSI GS CIM 009, 4.10): georel, geometry, coordinates → a shape."""

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any, cast

import orjson

from khue.contract.errors import Refused
from khue.contract.query import Near, Polygon, Window

MOST_POINTS = 1_000
_NEAR = re.compile(r"near;maxDistance==(\d+(?:\.\d+)?)")


def shape(asked: Mapping[str, str]) -> Window | Near | Polygon | None:
    """Return the shape that the parameters of a request mean, None where they ask for none."""
    georel = asked.get("georel")
    if georel is None:
        return None
    if asked.get("geoproperty", "location") != "location":
        raise Refused("Only the attribute location has a place", where="geoproperty")
    geometry, coordinates = asked.get("geometry", ""), _coordinates(asked.get("coordinates", ""))
    near = _NEAR.fullmatch(georel)
    if near and geometry == "Point":
        x, y = _point(coordinates)
        return Near(x, y, float(near[1]))
    if georel in ("within", "intersects") and geometry == "Polygon":
        return _polygon(coordinates)
    raise Refused(
        f"The relation {georel!r} to a {geometry or 'missing geometry'} is not answered here",
        where="georel",
        todo="ask near;maxDistance==metres with a Point, or within with a Polygon",
    )


def _coordinates(text: str) -> Any:  # noqa: ANN401  JSON of any form
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Refused("The coordinates are no JSON", where="coordinates", todo="write [105.8,21.0]") from error


def _point(given: object) -> tuple[float, float]:
    pair = cast("list[object]", given) if isinstance(given, list) else []
    numbers = [float(one) for one in pair if isinstance(one, int | float) and not isinstance(one, bool)]
    if len(numbers) != 2 or len(pair) != 2 or not all(map(isfinite, numbers)):
        raise Refused("A point is [longitude, latitude]", where="coordinates")
    if not (-180 <= numbers[0] <= 180 and -90 <= numbers[1] <= 90):
        raise Refused("The point is not on earth", where="coordinates", todo="longitude comes first")
    return numbers[0], numbers[1]


def _polygon(given: object) -> Window | Polygon:
    rings = cast("list[object]", given) if isinstance(given, list) else []
    if len(rings) != 1 or not isinstance(rings[0], list):
        raise Refused("A polygon is [[[longitude, latitude], …]], one ring", where="coordinates")
    points = cast("list[object]", rings[0])
    if not 4 <= len(points) <= MOST_POINTS or points[0] != points[-1]:
        raise Refused(f"A ring has 4 to {MOST_POINTS} points, the last equal to the first", where="coordinates")
    ring = tuple(_point(one) for one in points[:-1])
    xs, ys = {x for x, _ in ring}, {y for _, y in ring}
    if len(ring) == 4 and len(xs) == len(ys) == 2 and len(set(ring)) == 4:
        return Window(min(xs), min(ys), max(xs), max(ys))
    return Polygon(ring)
