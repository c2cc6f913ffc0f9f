"""Errors of the NGSI-LD doors as RFC 9457 problems with the types of ETSI GS CIM 009, 5.5.2."""

from collections.abc import Awaitable, Callable

import orjson
from starlette.requests import Request
from starlette.responses import Response

from khue.contract.errors import Forbidden, KhueError, NotFound, Refused, TooLarge, TryAgain

ERRORS = "https://uri.etsi.org/ngsi-ld/errors/"
_NAMES: tuple[tuple[type[KhueError], str], ...] = (
    (NotFound, "ResourceNotFound"),
    (TooLarge, "TooManyResults"),
    (Forbidden, "AccessDenied"),
    (Refused, "BadRequestData"),
    (TryAgain, "InternalError"),
)

Handler = Callable[[Request], Awaitable[Response]]


def problem(error: KhueError) -> Response:
    """Return the error as a response."""
    name = next((name for kind, name in _NAMES if isinstance(error, kind)), "InternalError")
    content = orjson.dumps({**error.problem(), "type": ERRORS + name})
    return Response(content, error.status, media_type="application/problem+json")


def answering(handler: Handler) -> Handler:
    """Return the handler with its errors answered as problems."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except KhueError as error:
            return problem(error)

    return answer
