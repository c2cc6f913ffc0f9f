"""Keeps other sites' pages from speaking to the centre through a browser on this machine.

Until identity exists, whoever reaches the port may do everything; a page of another site must not be that person.
A name that was made to point at this machine (DNS rebinding) is told by its Host, a foreign page by its Origin.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from khue.contract.errors import Forbidden

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FRIENDLY = frozenset({"same-origin", "none"})


class OwnSite:
    """Refuses requests for other host names, and writes that a page of another site sends."""

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self.app, self.hosts = app, frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        fault = self._fault(scope) if scope["type"] == "http" else None
        if fault is None:
            await self.app(scope, receive, send)
            return
        answer = JSONResponse(dict(fault.problem()), fault.status, media_type="application/problem+json")
        await answer(scope, receive, send)

    def _fault(self, scope: Scope) -> Forbidden | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        name = urlsplit(f"//{host}").hostname or ""
        if name not in self.hosts:
            return Forbidden(
                f"This centre is not served as “{name[:80]}”", todo="add the name to KHUE_HOSTS if it is yours"
            )
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        foreign = (origin is not None and urlsplit(origin).netloc != host) or site not in FRIENDLY
        if scope["method"] not in SAFE_METHODS and foreign:
            return Forbidden("A page of another site may not write here", todo="send it from the centre's own pages")
        return None
