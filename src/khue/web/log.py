"""Nhật ký cập nhật: the commits, one commit in full, and its undoing."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from khue.contract.query import All, Comparison, Order, Query
from khue.web.forms import form_of
from khue.web.view import Pages, whole_number

SHOWN = 50
ROWS = 20
HTTP_SEE_OTHER = 303


async def log(request: Request) -> Response:
    """Answer `/log`: the newest commits, or those before `?before=`."""
    pages = Pages.of(request)
    at = pages.at(request)
    before = whole_number(request, "before", 0) or None
    if at is not None and before is None:
        before = await pages.centre.as_of(at) + 1
    commits = await pages.centre.commits(before, SHOWN)
    return pages.page(request, "log.html", {"commits": commits, "more": len(commits) == SHOWN})


async def commit(request: Request) -> Response:
    """Answer `/commit/{seq}`."""
    pages = Pages.of(request)
    found = await pages.centre.commit(request.path_params["seq"])
    rows = ()
    if found.type in pages.contracts:
        mine = All((Comparison("_seq", "=", found.seq),))
        first = (Order("_record"),)
        rows = (await pages.centre.query(Query(found.type, of="history", where=mine, order=first, limit=ROWS))).rows
    context = {
        "commit": found,
        "contract": pages.contracts.get(found.type),
        "rows": rows,
        "asking": request.query_params.get("undo") == "ask",
        "done": whole_number(request, "undone", 0),
    }
    return pages.page(request, "commit.html", context)


async def revert(request: Request) -> Response:
    """Undo a commit after its form was confirmed, and show the commit that did it."""
    pages = Pages.of(request)
    async with form_of(request) as form:
        receipt = await pages.centre.revert(request.path_params["seq"], form.text("note"))
    return RedirectResponse(f"/commit/{receipt.last or request.path_params['seq']}?undone=1", HTTP_SEE_OTHER)
