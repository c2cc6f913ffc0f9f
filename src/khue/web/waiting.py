"""Dữ liệu chờ làm sạch: what was held back, by reason, and what its owner decides about it."""

from dataclasses import replace
from urllib.parse import urlencode

import anyio
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from khue.contract.errors import Refused
from khue.web.centre import Decided, Decision, Waiting
from khue.web.forms import Form, form_of
from khue.web.upload import kept_upload
from khue.web.view import Pages, whole_number

SHOWN = 20
WORKBOOK_ROWS = 10_000
STATES = ("open", "fixed", "released", "dismissed", "replayed")
WORKBOOK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HTTP_SEE_OTHER = 303


def selection_of(request: Request, limit: int) -> Waiting:
    """Return the selection that the address asks for: open records unless it says otherwise."""
    asked = request.query_params
    state = asked.get("state", "open")
    return Waiting(
        state=state if state in STATES else None if state == "any" else "open",
        type=asked.get("type") or None,
        source=asked.get("source") or None,
        check=asked.get("check") or None,
        limit=limit,
        offset=whole_number(request, "offset", 0),
        commit=whole_number(request, "commit", 0) or None,
    )


async def waiting(request: Request) -> Response:
    """Answer `/data/waiting`."""
    pages = Pages.of(request)
    selection = selection_of(request, SHOWN)
    records, total = await pages.centre.waiting(selection)
    everything = replace(selection, check=None, offset=0)
    context = {
        "selection": selection,
        "records": records,
        "total": total,
        "reasons": await pages.centre.reasons(everything),
        "states": STATES,
        "query": urlencode(
            {k: v for k, v in request.query_params.items() if k in {"type", "source", "check", "state", "commit"}}
        ),
        "mended": request.query_params.get("mended"),
        "still": request.query_params.get("still"),
    }
    return pages.page(request, "waiting.html", context)


def _selected(form: Form) -> Waiting:
    """Return what a form decides about: one record, or every open one of a type, source and check."""
    record = form.text("record")
    if not record:
        if not form.text("check"):
            raise Refused("Chưa chọn bản ghi nào", todo="Chọn một bản ghi hoặc một lý do")
        return Waiting(
            type=form.text("type") or None,
            source=form.text("source") or None,
            check=form.text("check"),
            limit=0,
            commit=form.whole("commit"),
        )
    seq, _, number = record.partition(".")
    if not (seq.isdecimal() and number.isdecimal()):
        raise Refused("Chưa chọn bản ghi nào", todo="Chọn một bản ghi hoặc một lý do")
    return Waiting(records=((int(seq), int(number)),), check=form.text("check") or None)


def _decision(form: Form) -> Decision:
    action, note, selection = form.text("action"), form.text("note"), _selected(form)
    match action:
        case "fix":
            return Decision("fix", selection, form.values("value."), note)
        case "release":
            return Decision("release", selection, {}, note)
        case "dismiss" if note:
            return Decision("dismiss", selection, {}, note)
        case "dismiss":
            raise Refused("Loại bỏ phải nêu lý do", todo="Viết lý do rồi gửi lại")
        case _:
            raise Refused("Chưa chọn việc cần làm", todo="Chọn sửa, xác nhận đúng hoặc loại bỏ")


def _back(form: Form, decided: Decided) -> Response:
    still = sum(reason.count for reason in decided.still)
    kept = form.text("back").replace("\n", "")
    result = urlencode({"mended": decided.mended, "still": still})
    return RedirectResponse(f"/data/waiting?{kept}&{result}" if kept else f"/data/waiting?{result}", HTTP_SEE_OTHER)


async def decide(request: Request) -> Response:
    """Fix, release or dismiss what a form selects, and go back to the list."""
    async with form_of(request) as form:
        return _back(form, await Pages.of(request).centre.decide(_decision(form)))


async def workbook(request: Request) -> Response:
    """Answer the selection as a workbook to mend."""
    content = await Pages.of(request).centre.workbook(selection_of(request, WORKBOOK_ROWS))
    headers = {"content-disposition": 'attachment; filename="cho-lam-sach.xlsx"', "cache-control": "no-store"}
    return Response(content, media_type=WORKBOOK_TYPE, headers=headers)


async def mend(request: Request) -> Response:
    """Take a mended workbook back: those records and no others, and say which still fail."""
    pages = Pages.of(request)
    async with form_of(request) as form:
        kept, _ = await kept_upload(pages, form.file("file"), form.text("type"), "")
        decided = await pages.centre.mend(kept)
        await anyio.Path(kept.path).unlink(missing_ok=True)
        return _back(form, decided)
