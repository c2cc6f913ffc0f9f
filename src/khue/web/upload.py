"""Nạp tệp: choose, see what the file would do before anything is written, confirm."""

import hmac
from pathlib import Path

import anyio
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from khue.contract.errors import Conflict, Forbidden, TooLarge
from khue.web.centre import Upload
from khue.web.forms import form_of
from khue.web.kept_files import forget_old, keep, place_of
from khue.web.safety import sign
from khue.web.view import Pages


def _seal(pages: Pages, upload: Upload, digest: str) -> str:
    return sign(pages.settings.secret, "\0".join((digest, upload.type, upload.source or "", upload.name)))


def _choices(pages: Pages) -> list[tuple[str, str]]:
    """Return (type, source) pairs that a person may send by hand, each type also without a source."""
    return [(source.type, source.name) for source in pages.sources.values() if not source.simulated]


async def kept_upload(pages: Pages, file: UploadFile, type_name: str, source: str) -> tuple[Upload, str]:
    """Keep an uploaded file until it is confirmed; return it with the digest of its bytes."""
    if (file.size or 0) > pages.settings.max_upload:
        raise TooLarge("Tệp quá lớn để nạp qua trang này", todo="Chia tệp thành nhiều phần, hoặc dùng lệnh khue ingest")
    await anyio.to_thread.run_sync(forget_old, pages.settings.uploads, pages.centre.now())
    digest = await anyio.to_thread.run_sync(keep, pages.settings.uploads, file.file)
    path = place_of(pages.settings.uploads, digest)
    return Upload(type_name, source or None, Path(file.filename or "").name, path), digest


async def upload(request: Request) -> Response:
    """Answer `/data/upload`: the form, and after it was sent the result of the dry run."""
    pages = Pages.of(request)
    if request.method != "POST":
        return pages.page(
            request, "upload.html", {"choices": _choices(pages), "chosen": request.query_params.get("source")}
        )
    async with form_of(request) as form:
        type_name, _, source = form.text("source").partition("/")
        contract = pages.contract(type_name)
        kept, digest = await kept_upload(pages, form.file("file"), type_name, source)
    context = {
        "contract": contract,
        "upload": kept,
        "examined": await pages.centre.examine(kept),
        "digest": digest,
        "seal": _seal(pages, kept, digest),
    }
    return pages.page(request, "upload_result.html", context)


async def upload_confirm(request: Request) -> Response:
    """Take into the record exactly the file whose dry run was shown."""
    pages = Pages.of(request)
    async with form_of(request) as form:
        digest, seal = form.text("digest"), form.text("seal")
        path = place_of(pages.settings.uploads, digest)
        confirmed = Upload(form.text("type"), form.text("source") or None, form.text("name"), path)
    if not hmac.compare_digest(_seal(pages, confirmed, digest), seal):
        raise Forbidden("Tệp không đúng với tệp đã xem trước", todo="Nạp lại tệp")
    if not await anyio.Path(path).is_file():
        raise Conflict("Tệp xem trước đã hết hạn", todo="Nạp lại tệp")
    receipt = await pages.centre.ingest(confirmed)
    await anyio.Path(path).unlink(missing_ok=True)
    return pages.page(request, "upload_done.html", {"receipt": receipt, "upload": confirmed})
