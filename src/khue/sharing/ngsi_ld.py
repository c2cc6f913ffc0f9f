"""The read doors of NGSI-LD (ETSI GS CIM 009) as routes that `web` mounts; docs/ngsi-ld.md says what is answered."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from khue.contract.contract import Contract
from khue.contract.errors import NotFound
from khue.contract.query import Page, Query
from khue.contract.scope import Scope
from khue.ledger.read import Reader
from khue.sharing.asked import OF_ONE, Asked, asked, contract_of, only, query_of, shown_of
from khue.sharing.problem import answering
from khue.sharing.represent import context_of, entity
from khue.sharing.temporal import evolution

CONTEXT = "/ngsi-ld/v1/jsonldContexts/khue-context.jsonld"
CONTEXT_LINK = f'<{CONTEXT}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'

Body = dict[str, Any] | list[dict[str, Any]]
ScopeOf = Callable[[Request], Scope]


@dataclass(frozen=True, slots=True)
class Doors:
    """The handlers over one reader; `scope_of` says what the caller of a request may see."""

    reader: Reader
    scope_of: ScopeOf

    async def entities(self, request: Request) -> Response:
        """Answer a page of entities."""
        wanted = asked(request.query_params, self._contracts())
        found, total = await self._collect(wanted, self.scope_of(request))
        shown = [entity(row, contract, wanted.shown) for contract, row in found[: wanted.limit]]
        headers: dict[str, str] = {}
        if wanted.count:
            headers["NGSILD-Results-Count"] = str(total)
        more = _next_link(request, wanted) if len(found) > wanted.limit > 0 else ""
        return _answer(request, shown, headers, more=more)

    async def one(self, request: Request) -> Response:
        """Answer one entity by its id."""
        only(request.query_params, OF_ONE)
        entity_id, shown = request.path_params["id"], shown_of(request.query_params)
        for contract in contract_of(entity_id, self._contracts()):
            page = await self.reader.query(Query(contract.type, ids=(entity_id,), limit=1), self.scope_of(request))
            if page.rows:
                return _answer(request, entity(page.rows[0], contract, shown))
        raise NotFound(f"There is no entity {entity_id}")

    async def over_time(self, request: Request) -> Response:
        """Answer the readings of one entity over time."""
        entity_id = request.path_params["id"]
        for contract in contract_of(entity_id, self._contracts()):
            found = await evolution(self.reader, contract, entity_id, request.query_params, self.scope_of(request))
            if found:
                headers = {"Content-Range": found.content_range} if found.content_range else {}
                return _answer(request, found.entity, headers, status=206 if headers else 200)
        raise NotFound(f"There is no entity {entity_id} in the time asked")

    async def types(self, request: Request) -> Response:
        """Answer the types, with their attributes where `details=true`."""
        known = {contract.entity_type: contract for contract in self._contracts()}
        if request.query_params.get("details") != "true":
            listed = {"id": "urn:ngsi-ld:EntityTypeList:khue", "type": "EntityTypeList", "typeList": sorted(known)}
            return _answer(request, listed)
        described = [
            {"id": name, "type": "EntityType", "typeName": name, "attributeNames": [*known[name].by_term]}
            for name in sorted(known)
        ]
        return _answer(request, described)

    async def context(self, request: Request) -> Response:  # noqa: ARG002  the form of a handler
        """Answer the JSON-LD context of all types."""
        content = orjson.dumps(context_of(self._contracts()), option=orjson.OPT_SORT_KEYS)
        return Response(content, media_type="application/ld+json", headers={"Cache-Control": "public, max-age=3600"})

    async def _collect(self, wanted: Asked, scope: Scope) -> tuple[list[tuple[Contract, dict[str, Any]]], int]:
        """Return one row more than the page holds, type after type, and how many there are in all."""
        found: list[tuple[Contract, dict[str, Any]]] = []
        total, offset = 0, wanted.offset
        for contract in wanted.contracts:
            query = query_of(wanted, contract, wanted.limit + 1 - len(found), offset)
            if query is None or (query.limit == 0 and not wanted.count):
                continue
            page = await self.reader.query(query, scope)
            found += [(contract, row) for row in page.rows]
            total, offset = total + (page.total or 0), _left(offset, page)
        return found, total

    def _contracts(self) -> tuple[Contract, ...]:
        return tuple(one for one in self.reader.contracts.values() if not one.is_draft)


def routes(reader: Reader, scope_of: ScopeOf) -> list[Route]:
    """Return the read doors; writing to the same addresses is `intake`'s."""
    doors, here = Doors(reader, scope_of), "/ngsi-ld/v1"
    return [
        Route(f"{here}/entities", answering(doors.entities), methods=["GET"]),
        Route(f"{here}/entities/{{id:path}}", answering(doors.one), methods=["GET"]),
        Route(f"{here}/temporal/entities/{{id:path}}", answering(doors.over_time), methods=["GET"]),
        Route(f"{here}/types", answering(doors.types), methods=["GET"]),
        Route(CONTEXT, answering(doors.context), methods=["GET"]),
    ]


def _left(offset: int, page: Page) -> int:
    return max(0, offset - (page.total or 0))


def _next_link(request: Request, wanted: Asked) -> str:
    parameters = {**wanted.parameters, "limit": str(wanted.limit), "offset": str(wanted.offset + wanted.limit)}
    return f'<{request.url.path}?{urlencode(parameters)}>; rel="next"'


def _answer(
    request: Request, body: Body, headers: dict[str, str] | None = None, *, more: str = "", status: int = 200
) -> Response:
    """Return JSON with the context as a link, or JSON-LD with the context inside, as the caller accepts."""
    linked = "application/ld+json" in request.headers.get("accept", "")
    if linked:
        body = [_with_context(one) for one in body] if isinstance(body, list) else _with_context(body)
    links = [link for link in ("" if linked else CONTEXT_LINK, more) if link]
    given = {**(headers or {}), **({"Link": ", ".join(links)} if links else {})}
    media_type = "application/ld+json" if linked else "application/json"
    return Response(orjson.dumps(body), status, given, media_type)


def _with_context(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "@context": CONTEXT}
