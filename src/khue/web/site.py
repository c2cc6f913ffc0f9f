"""The site: its addresses in one table, put together once."""

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Mount, Route

from khue.contract.errors import KhueError
from khue.web.centre import Centre
from khue.web.data import data, listing
from khue.web.entity import entity
from khue.web.errors_page import broken, http_error, khue_error
from khue.web.events import events
from khue.web.log import commit, log, revert
from khue.web.operations import healthz, metrics, readyz
from khue.web.overview import overview
from khue.web.safety import SafeHeaders
from khue.web.static_files import Built
from khue.web.style_page import style
from khue.web.upload import upload, upload_confirm
from khue.web.view import Pages, SiteSettings
from khue.web.waiting import decide, mend, waiting, workbook


def _routes() -> list[BaseRoute]:
    return [
        Route("/", overview),
        Route("/wall", overview),
        Route("/events", events),
        Route("/data", data),
        Route("/data/upload", upload, methods=["GET", "POST"]),
        Route("/data/upload/confirm", upload_confirm, methods=["POST"]),
        Route("/data/waiting", waiting),
        Route("/data/waiting/decide", decide, methods=["POST"]),
        Route("/data/waiting/workbook", workbook),
        Route("/data/waiting/mend", mend, methods=["POST"]),
        Route("/data/{type}", listing),
        Route("/entity/{type}/{id:path}", entity),
        Route("/log", log),
        Route("/commit/{seq:int}", commit),
        Route("/commit/{seq:int}/revert", revert, methods=["POST"]),
        Route("/style", style),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
        Mount("/static", Built()),
    ]


def site(centre: Centre, routes_of_other_rooms: Sequence[BaseRoute], settings: SiteSettings) -> Starlette:
    """Return the application: the doors of other rooms first, then the pages."""
    app = Starlette(
        routes=[*routes_of_other_rooms, *_routes()],
        middleware=[Middleware(SafeHeaders), Middleware(GZipMiddleware, minimum_size=1000)],
        exception_handlers={KhueError: khue_error, HTTPException: http_error, 500: broken},
    )
    app.state.pages = Pages(centre, settings)
    return app


def end_streams(app: Starlette) -> None:
    """End the live lines of a site that is to stop; to be called in its event loop."""
    pages: Pages = app.state.pages
    pages.close()
