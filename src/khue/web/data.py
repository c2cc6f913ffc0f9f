"""Dữ liệu: the sources, what was received and its fate, the six dimensions, and the list of each type."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from khue.contract.check import DIMENSIONS
from khue.contract.contract import Contract
from khue.contract.query import All, Comparison, Order, Query
from khue.web.centre import FATES, Received, Waiting
from khue.web.freshness import sources_now
from khue.web.hot import holds_back
from khue.web.overview import title_of
from khue.web.view import Pages, whole_number
from khue.web.words import DIMENSIONS as DIMENSION_LABELS

WINDOWS = (24, 7 * 24, 30 * 24)  # hours
LISTED = 50


def window_of(request: Request) -> int:
    """Return the window asked for in hours, 24 where none of the offered ones is."""
    hours = whole_number(request, "hours", WINDOWS[0])
    return hours if hours in WINDOWS else WINDOWS[0]


def added(rows: Sequence[Received]) -> dict[str, int]:
    """Return the counts of several sources together."""
    total = {fate: sum(row.fates.get(fate, 0) for row in rows) for fate in FATES}
    return total | {"received": sum(row.received for row in rows)}


def fractions(rows: Sequence[Received]) -> list[tuple[str, int, int]]:
    """Return (dimension, passed, of) over several sources, in the order of the six."""
    found: list[tuple[str, int, int]] = []
    for name in DIMENSIONS:
        pairs = [row.dimensions[name] for row in rows if name in row.dimensions]
        found.append((name, sum(passed for passed, _ in pairs), sum(of for _, of in pairs)))
    return found


async def _unplaced(pages: Pages, contract: Contract, at: datetime | None) -> tuple[int, int]:
    nowhere = Comparison("_x", "is null") if contract.locate else All(())
    page = await pages.centre.query(Query(contract.type, at=at, where=nowhere, limit=1, count=True))
    every = await pages.centre.query(Query(contract.type, at=at, limit=1, count=True))
    return (page.total or 0) if contract.locate else 0, every.total or 0


async def data(request: Request) -> Response:
    """Answer `/data`."""
    pages = Pages.of(request)
    at = pages.at(request)
    hours, moment = window_of(request), at or pages.centre.now()
    received = await pages.centre.received(moment - timedelta(hours=hours), at)
    _, open_records = await pages.centre.waiting(Waiting(limit=1))
    context = {
        "hours": hours,
        "windows": WINDOWS,
        "source_rows": sources_now(pages.sources, await pages.centre.activity(at), moment),
        "by_source": {row.source: added([row2 for row2 in received if row2.source == row.source]) for row in received},
        "total": added(received),
        "fractions": fractions(received),
        "dimension_labels": DIMENSION_LABELS,
        "waiting": open_records,
        "reasons": [reason for reason in await pages.centre.reasons(Waiting()) if holds_back(pages, reason)],
        "types": [(contract, *await _unplaced(pages, contract, at)) for contract in pages.contracts.values()],
    }
    return pages.page(request, "data.html", context)


def _conditions(request: Request, contract: Contract) -> tuple[Comparison, ...]:
    asked: list[Comparison] = []
    words = request.query_params.get("q", "").strip()
    if words and contract.title:
        asked.append(Comparison(contract.title, "contains", words))
    if request.query_params.get("place") == "none":
        asked.append(Comparison("_x", "is null"))
    if flag := request.query_params.get("flag"):
        asked.append(Comparison("_flags", "contains", flag))
    return tuple(asked)


async def listing(request: Request) -> Response:
    """Answer `/data/{type}`: every entity of a type as it stands, searched and paged."""
    pages = Pages.of(request)
    contract = pages.contract(request.path_params["type"])
    offset = whole_number(request, "offset", 0)
    page = await pages.centre.query(
        Query(
            contract.type,
            where=All(_conditions(request, contract)),
            at=pages.at(request),
            order=(Order(contract.title),) if contract.title else (),
            limit=LISTED,
            offset=offset,
            count=True,
        )
    )
    context = {
        "contract": contract,
        "rows": [(title_of(contract, row), row) for row in page.rows],
        "total": page.total or 0,
        "offset": offset,
        "limit": LISTED,
        "asked": request.query_params,
    }
    return pages.page(request, "listing.html", context)
