"""The doors that bring records in over HTTP: `POST /api/v1/ingest/{type}` and the writes of NGSI-LD.

`khue.web` mounts the routes; `khue.app` hands in what they need of the rooms beside: the group commit, the contracts,
whether an entity exists, and the reasons of what was rejected.
"""

import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from khue.contract.clock import Clock, system_clock
from khue.contract.contract import TYPE_NAME, Contract
from khue.contract.errors import Forbidden, KhueError, Refused, TooLarge
from khue.contract.receipt import Receipt
from khue.contract.source import Source
from khue.intake.decoders.stream import Input
from khue.intake.detect import find_format
from khue.intake.group import GroupCommit
from khue.intake.problem import json_answer, problem
from khue.intake.request import Request, RequestFormat

CONTENT_TYPES: Mapping[str, RequestFormat] = {
    "application/ld+json": "ngsi-ld",
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "text/csv": "csv",
}
MAX_BODY = 64 << 20
Reasons = Callable[[int], Awaitable[Sequence[Mapping[str, Any]]]]


@dataclass(frozen=True, slots=True)
class Doors:
    """What the doors stand on.

    `existing(type, ids)` and `reasons(seq)` ask the ledger: which entities are there, with the time of their last
    observation, and the quarantined records of a commit with `id`, `row`, `action` and `reasons`. `key` is the API
    key, or None where none is asked for.
    """

    group: GroupCommit
    contracts: Callable[[], Mapping[str, Contract]]
    existing: Callable[[str, Sequence[str]], Awaitable[Mapping[str, datetime | None]]]
    reasons: Reasons
    sources: Mapping[str, Source]
    key: str | None = None
    max_body: int = MAX_BODY
    clock: Clock = system_clock

    async def ingest(self, http: HttpRequest) -> Response:
        """`POST /api/v1/ingest/{type}`: 201 all in, 200 nothing new, 207 some rejected, 422 all rejected."""
        try:
            type_name = self.type_of(http.path_params["type"])
            content = await self.body(http)
            source = self._source(http, type_name)
            key = http.headers.get("idempotency-key")
            format_name = _format(http, content, source)
            request = Request(type_name, content, format_name, source=source, key=key, actor="api")
            receipt = await self.group.submit(request)
        except KhueError as error:
            return problem(error)
        return await self._receipt(receipt)

    async def _receipt(self, receipt: Receipt) -> Response:
        answer = receipt.as_json() | {"again": receipt.again}
        bad = receipt.rejected + receipt.held
        if bad and receipt.first is not None:
            answer["quarantine"] = f"/data/waiting?commit={receipt.first}"
            answer["reasons"] = [dict(one) for one in (await self.reasons(receipt.first))[:100]]
        return json_answer(answer, _status(receipt))

    def type_of(self, name: str) -> str:
        """Return the type's name; raises Refused for one that no table could have."""
        if not TYPE_NAME.match(name):
            raise Refused(f"{name[:60]!r} cannot be the name of a type", todo="Letters, digits and _, at most 48")
        return name

    def allow(self, http: HttpRequest) -> None:
        """Raise Forbidden where a key is asked for and the request does not bring it."""
        given = http.headers.get("x-api-key") or http.headers.get("authorization", "").removeprefix("Bearer ")
        if self.key is not None and not hmac.compare_digest(given.encode(), self.key.encode()):
            raise Forbidden("The key is missing or wrong", todo="Send it as X-Api-Key or as a Bearer token")

    async def body(self, http: HttpRequest) -> bytes:
        """Return the body of a request that may come in; raises Forbidden or TooLarge."""
        self.allow(http)
        content = bytearray()
        try:
            async for part in http.stream():
                content += part
                if len(content) > self.max_body:
                    raise TooLarge(f"The body is larger than {self.max_body >> 20} MiB", todo="Send it in parts")
        except ClientDisconnect as error:
            raise Refused("The body ended too early") from error
        if not content:
            raise Refused("The body is empty")
        return bytes(content)

    def _source(self, http: HttpRequest, type_name: str) -> Source | None:
        name = http.query_params.get("source")
        if name is None:
            return None
        source = self.sources.get(name)
        if source is None or source.type != type_name:
            raise Refused(f"There is no source {name} of {type_name}")
        return source

    def routes(self) -> list[Route]:
        """Return the route of the ingest door."""
        return [Route("/api/v1/ingest/{type}", self.ingest, methods=["POST"])]


def _status(receipt: Receipt) -> int:
    if receipt.rejected:
        return 422 if receipt.rejected == receipt.received else 207
    return 200 if receipt.again or receipt.unchanged == receipt.received else 201


def _format(http: HttpRequest, content: bytes, source: Source | None) -> RequestFormat:
    """Return the format: the source's, the content type's, else what the content looks like."""
    kind = http.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in CONTENT_TYPES:
        return CONTENT_TYPES[kind]
    found: Any = find_format(Input(content, "the request"))
    if found == "json" and source is not None and source.format == "ngsi-ld":
        return "ngsi-ld"
    return found
