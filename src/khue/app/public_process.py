"""The public's process: open datasets and nothing else, with the public's login and no other password.

The web process hands `/open` on to it (`PublicDoor`), so that what anybody may ask never runs beside the owner's
connection.
"""

import asyncio
from collections.abc import AsyncIterator

import httpx
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from khue.app.catalogue import read_catalogue
from khue.app.listening import listening
from khue.app.settings import Settings
from khue.contract.errors import Misconfigured, TryAgain
from khue.ledger.database import Database
from khue.ledger.read import Reader
from khue.sharing import open_data

HANDED_ON = ("accept", "accept-encoding", "if-none-match", "range")
OWN_TO_THE_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "server", "date"})


def run_public(settings: Settings, fd: int) -> None:
    """Serve the open datasets on a listening socket until SIGTERM."""
    if not settings.public_address:
        raise Misconfigured("The public's login is not given", where="KHUE_PUBLIC_ADDRESS", todo="use `khue serve`")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, fd))


async def _serve(settings: Settings, fd: int) -> None:
    database = Database(owner="", all="", scoped="", public=settings.public_address)
    async with Reader(database, read_catalogue(settings.city).contracts) as reader:
        app = Starlette(routes=open_data.routes(reader))
        config = uvicorn.Config(
            app, loop="uvloop", http="httptools", lifespan="off", access_log=False, log_level="warning",
            timeout_graceful_shutdown=10,
        )  # fmt: skip
        await uvicorn.Server(config).serve(listening(fd))


class PublicDoor:
    """Hands requests for `/open` on to the public's process and its answers back, streaming."""

    def __init__(self, port: int) -> None:
        self._client = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=httpx.Timeout(30, read=600)
        )

    def routes(self) -> list[Route]:
        """Return the routes that are handed on."""
        return [
            Route("/open", self.hand_on, methods=["GET"], name="open"),
            Route("/open/{dataset:path}", self.hand_on, methods=["GET"], name="open_dataset"),
        ]

    async def close(self) -> None:
        """Close the connections to the public's process."""
        await self._client.aclose()

    async def hand_on(self, request: Request) -> Response:
        """Answer what the public's process answers."""
        headers = {name: value for name in HANDED_ON if (value := request.headers.get(name))}
        url = httpx.URL(path=request.url.path, query=request.url.query.encode())
        asked = self._client.build_request(request.method, url, headers=headers)
        try:
            answer = await self._client.send(asked, stream=True)
        except httpx.TransportError as error:
            problem = TryAgain("The open data are not ready", why=str(error), todo="ask again in a second")
            return JSONResponse(dict(problem.problem()), problem.status, media_type="application/problem+json")
        kept = {name: value for name, value in answer.headers.items() if name not in OWN_TO_THE_HOP}
        return StreamingResponse(_raw(answer), answer.status_code, kept, background=BackgroundTask(answer.aclose))


async def _raw(answer: httpx.Response) -> AsyncIterator[bytes]:
    async for block in answer.aiter_raw():
        yield block
