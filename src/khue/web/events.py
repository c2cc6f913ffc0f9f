"""The live line: commits as server-sent events, caught up from where the browser was."""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from khue.contract.commit import Commit
from khue.contract.errors import Refused
from khue.web.language import language_of
from khue.web.view import Pages

BEAT_SECONDS = 15.0  # a comment keeps proxies from closing a quiet line
RETRY_MS = 2000
KEPT = 1_000  # events kept as written: every open page is sent the same bytes


def _after(request: Request) -> int | None:
    """Return the seq after which to begin: the browser's Last-Event-ID, else `?after=`."""
    text = request.headers.get("last-event-id") or request.query_params.get("after")
    if text is None:
        return None
    if not text.isdigit():
        raise Refused("Số thứ tự của lần cập nhật không đúng")
    return int(text)


def _event(pages: Pages, request: Request, commit: Commit) -> bytes:
    key = (language_of(request), commit.seq)
    known = pages.events.get(key)
    if known is None:
        html = pages.part(request, "event.html", {"commit": commit})
        data = "\n".join(f"data: {line}" for line in html.splitlines() if line.strip())
        known = f"event: commit\nid: {commit.seq}\n{data}\n\n".encode()
        pages.events[key] = known
        if len(pages.events) > KEPT:
            del pages.events[next(iter(pages.events))]
    return known


async def _stream(pages: Pages, request: Request, after: int) -> AsyncIterator[bytes]:
    yield f"retry: {RETRY_MS}\n\n".encode()
    commits = aiter(pages.centre.tail(after))

    async def following() -> Commit | None:
        return await anext(commits, None)

    coming = asyncio.create_task(following())
    closing = asyncio.create_task(pages.closing.wait())
    try:
        while not pages.closing.is_set():  # the browser comes again with its Last-Event-ID
            done, _ = await asyncio.wait({coming, closing}, timeout=BEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                yield b": .\n\n"
            if coming not in done:
                continue
            commit = coming.result()
            if commit is None:
                return
            yield _event(pages, request, commit)
            coming = asyncio.create_task(following())
    finally:
        coming.cancel()
        closing.cancel()


async def events(request: Request) -> Response:
    """Answer `/events`: every commit after Last-Event-ID, then each new one as it is made."""
    pages = Pages.of(request)
    after = _after(request)
    start = await pages.centre.as_of() if after is None else after
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_stream(pages, request, start), media_type="text/event-stream", headers=headers)
