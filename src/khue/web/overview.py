"""Toàn cảnh: what needs action, the numbers, what is new, and the map, on one screen."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from khue.contract.contract import Contract
from khue.contract.domain import Number
from khue.contract.label import Label
from khue.contract.query import Query
from khue.web.centre import NumberNow
from khue.web.city_map import Drawing, Station, draw, frame_of, lens_of
from khue.web.hot import hot_spots
from khue.web.view import Pages

SHOWN_NUMBERS = 5
SHOWN_COMMITS = 30
MOST_STATIONS = 5000
LEGEND = ("held", "flagged", "measured", "stale", "none")


@dataclass(frozen=True, slots=True)
class Layer:
    """One property of one type on the map, and a lens over its crowded middle where it has one.

    `counts` are (state, stations drawn), `unplaced` the stations without a position.
    """

    key: str
    type: str
    label: Label
    unit: str
    decimals: int
    newest: datetime | None = None
    drawing: Drawing | None = None
    lens: Drawing | None = None
    counts: tuple[tuple[str, int], ...] = ()
    unplaced: int = 0


def _numbers(pages: Pages) -> list[Number]:
    return [number for domain in pages.centre.domains for number in domain.numbers][:SHOWN_NUMBERS]


def _unit_of(pages: Pages, number: Number) -> str:
    """Return the unit of a number's property where the number names none of its own."""
    contract = pages.contracts.get(number.type)
    prop = contract.by_name.get(number.property) if contract else None
    return prop.unit_label if prop and number.aggregate != "count" else ""


def _layers(pages: Pages) -> list[Layer]:
    """Return the layers of the map: what the numbers are made of, where its type has a place."""
    found: dict[str, Layer] = {}
    for number in _numbers(pages):
        contract = pages.contracts.get(number.type)
        prop = contract.by_name.get(number.property) if contract else None
        key = f"{number.type}.{number.property}"
        if contract and prop and contract.locate and contract.kind == "measure" and key not in found:
            found[key] = Layer(key, number.type, prop.label, prop.unit_label or number.unit, number.decimals)
    return list(found.values())


def _stale_after(pages: Pages, type_name: str) -> float | None:
    limits = [s.late_after or (s.every or 0) * 1.5 for s in pages.sources.values() if s.type == type_name and s.every]
    return max(limits, default=None)


def is_old(seen: object, moment: datetime, stale_after: float | None) -> bool:
    """Whether a reading is older than its sources promise; never where none promises anything."""
    return isinstance(seen, datetime) and stale_after is not None and (moment - seen).total_seconds() > stale_after


def state_of_reading(row: Mapping[str, Any], prop: str, contract: Contract, *, old: bool) -> str:
    """Return how a property's reading stands: held, no data, old, flagged or measured."""
    if prop in (row.get("_held") or ()):
        return "held"
    if row.get(prop) is None:
        return "none"
    if old:
        return "stale"
    checks = contract.checks_by_name
    fields = {checks[name].field for name in row.get("_flags") or () if name in checks}
    return "flagged" if fields & {prop, None} else "measured"


def title_of(contract: Contract, row: dict[str, object]) -> str:
    """Return the name of an entity as people know it."""
    name = row.get(contract.title) if contract.title else None
    return str(name or str(row["_id"]).rsplit(":", maxsplit=1)[-1])


async def _drawn(pages: Pages, layer: Layer, at: datetime | None) -> Layer:
    contract = pages.contracts[layer.type]
    prop = layer.key.split(".", maxsplit=1)[1]
    page = await pages.centre.query(Query(layer.type, at=at, limit=MOST_STATIONS))
    moment, stale_after = at or pages.centre.now(), _stale_after(pages, layer.type)
    stations = [
        Station(
            id=row["_id"],
            name=title_of(contract, row),
            x=row.get("_x"),
            y=row.get("_y"),
            value=row.get(prop),
            observed_at=row.get("_observed_at"),
            state=state_of_reading(row, prop, contract, old=is_old(row.get("_observed_at"), moment, stale_after)),
        )
        for row in page.rows
    ]
    bounds, outline = pages.centre.city.bounds, pages.centre.outline
    lens = lens_of(bounds, stations)
    drawing = draw(frame_of(bounds, stations), outline, stations, lens)
    counts = Counter(point.station.state for point in drawing.points)
    return replace(
        layer,
        newest=max((s.observed_at for s in stations if s.observed_at), default=None),
        drawing=drawing,
        lens=draw(lens, outline, stations) if lens else None,
        counts=tuple((key, counts[key]) for key in LEGEND if counts[key]),
        unplaced=sum(station.x is None for station in stations),
    )


def _fresh(request: Request, at: datetime | None) -> Callable[[str], Markup]:
    """Return what makes a panel read itself again when something was committed; nothing on a page of the past."""
    address = request.url.path + (f"?{request.url.query}" if request.url.query else "")

    def fresh(panel: str) -> Markup:
        if at is not None:
            return Markup("")
        return Markup(
            ' data-fresh hx-get="{}" hx-trigger="khuecommit" hx-select="{}" hx-target="this" hx-swap="outerHTML"'
        ).format(address, panel)

    return fresh


async def _values(pages: Pages, at: datetime | None) -> Sequence[tuple[Number, NumberNow, bool]]:
    """Return the numbers, each with whether its newest reading is older than its sources promise."""
    moment = at or pages.centre.now()
    found: list[tuple[Number, NumberNow, bool]] = []
    for number in _numbers(pages):
        value = await pages.centre.number(number, at)
        found.append((number, value, is_old(value.newest, moment, _stale_after(pages, number.type))))
    return found


async def overview(request: Request) -> Response:
    """Answer `/` and `/wall`."""
    pages = Pages.of(request)
    at = pages.at(request)
    wall = request.url.path == "/wall"
    layers = _layers(pages)
    asked = request.query_params.get("layer")
    chosen = next((layer for layer in layers if layer.key == asked), layers[0] if layers else None)
    as_of = await pages.centre.as_of(at)
    commits = await pages.centre.commits(as_of + 1, SHOWN_COMMITS)
    context = {
        "wall": wall,
        "as_of": as_of,
        "hot": await hot_spots(pages, request, at),
        "unit_of": partial(_unit_of, pages),
        "numbers": await _values(pages, at),
        "commits": commits,
        "layers": layers,
        "layer": await _drawn(pages, chosen, at) if chosen else None,
        "drawing_note": bool(pages.centre.outline),
        "fresh": _fresh(request, at),
    }
    return pages.page(request, "overview.html", context)
