"""Errors as RFC 9457 problem documents, those of NGSI-LD under their own names (ETSI GS CIM 009, 5.5.2)."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from khue.contract.errors import Conflict, Forbidden, KhueError, NotFound, TooLarge, TryAgain

NGSI_LD = "https://uri.etsi.org/ngsi-ld/errors/"
RETRY_AFTER = "1"


def json_answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:  # noqa: ANN401
    """Return any value as JSON."""
    return Response(orjson.dumps(value), status, headers, "application/json")


def problem(error: KhueError, *, ngsi_ld: bool = False) -> Response:
    """Return an error as application/problem+json, with its status; a retry is asked for where it may help."""
    document = dict(error.problem())
    if ngsi_ld:
        document["type"] = NGSI_LD + ngsi_ld_name(error)
    headers = {"Retry-After": RETRY_AFTER} if isinstance(error, TryAgain) else None
    return Response(orjson.dumps(document), error.status, headers, "application/problem+json")


def ngsi_ld_name(error: KhueError) -> str:
    """Return the standard's name of an error."""
    match error:
        case NotFound():
            return "ResourceNotFound"
        case Conflict():
            return "AlreadyExists"
        case TooLarge():
            return "TooComplexQuery"
        case Forbidden():
            return "OperationNotSupported"
        case TryAgain():
            return "InternalError"
        case _:
            return "BadRequestData"
