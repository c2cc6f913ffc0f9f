"""One entity: what is known of it now, how it was before, where each value came from and how good it is."""

from starlette.requests import Request
from starlette.responses import Response

from khue.contract.commit import Commit
from khue.contract.contract import Contract
from khue.contract.errors import NotFound
from khue.contract.query import Order, Page, Query
from khue.web.centre import Centre
from khue.web.chart import Chart, Reading, draw
from khue.web.overview import title_of
from khue.web.view import Pages, whole_number

CHARTED = 500
SHOWN = 30


def _charts(contract: Contract, page: Page) -> list[tuple[str, Chart]]:
    """Return a chart for each measured property that has readings."""
    rows = sorted((row for row in page.rows if row["_observed_at"]), key=lambda row: row["_observed_at"])
    found: list[tuple[str, Chart]] = []
    for prop in contract.properties:
        if prop.logical_type not in {"number", "integer"} or prop.name in _place_columns(contract):
            continue
        marked = [
            Reading(row["_observed_at"], row.get(prop.name), marked=bool(_flags_of(contract, row, prop.name)))
            for row in rows
        ]
        if drawn := draw(marked):
            found.append((prop.name, drawn))
    return found


def _place_columns(contract: Contract) -> set[str | None]:
    locate = contract.locate
    return {locate.longitude, locate.latitude} if locate else set()


def _flags_of(contract: Contract, row: dict[str, object], prop: str) -> list[str]:
    """Return the checks by which a row's property was flagged."""
    names = row.get("_flags") or ()
    known = contract.checks_by_name
    return [name for name in names if name in known and known[name].field in {prop, None}]  # type: ignore[attr-defined]  a list of names


async def _commits(centre: Centre, page: Page) -> dict[int, Commit]:
    return {seq: await centre.commit(seq) for seq in {row["_seq"] for row in page.rows}}


async def entity(request: Request) -> Response:
    """Answer `/entity/{type}/{id}`."""
    pages = Pages.of(request)
    contract = pages.contract(request.path_params["type"])
    entity_id: str = request.path_params["id"]
    at = pages.at(request)
    present = await pages.centre.query(Query(contract.type, ids=(entity_id,), at=at, limit=1))
    if not present.rows:
        raise NotFound("Không có đối tượng này", todo="Tìm trong danh sách của trang Dữ liệu")
    newest = (Order("_observed_at" if contract.kind == "measure" else "_seq", descending=True),)
    offset = whole_number(request, "offset", 0)
    history = await pages.centre.query(
        Query(
            contract.type, of="history", ids=(entity_id,), at=at, order=newest, limit=SHOWN, offset=offset, count=True
        )
    )
    readings = await pages.centre.query(
        Query(contract.type, of="readings", ids=(entity_id,), at=at, order=newest, limit=CHARTED)
    )
    context = {
        "contract": contract,
        "row": present.rows[0],
        "title": title_of(contract, present.rows[0]),
        "history": history.rows,
        "total": history.total or 0,
        "offset": offset,
        "limit": SHOWN,
        "charts": _charts(contract, readings) if contract.kind == "measure" else [],
        "commits": await _commits(pages.centre, Page((*history.rows, present.rows[0]))),
    }
    return pages.page(request, "entity.html", context)
