"""The writes of NGSI-LD (ETSI GS CIM 009, 6.4 to 6.14): create, patch attributes, batch upsert, delete."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import orjson
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from khue.contract.batch import Mode
from khue.contract.errors import Conflict, KhueError, NotFound, Refused
from khue.contract.receipt import Receipt
from khue.intake.decoders.json_document import load
from khue.intake.decoders.ngsild_delete import deletions
from khue.intake.doors import Doors
from khue.intake.problem import NGSI_LD, json_answer, problem
from khue.intake.request import Request

ID_PREFIX = "urn:ngsi-ld:"


@dataclass(frozen=True, slots=True)
class NgsiLdDoors:
    """The write side of the context broker; reads are the sharing room's."""

    doors: Doors

    async def create(self, http: HttpRequest) -> Response:
        """`POST /ngsi-ld/v1/entities`: 201 with Location, 409 where the entity exists, 400 where it is rejected."""
        try:
            content = await self.doors.body(http)
            entity = _object(content)
            type_name, name = self._type(str(entity.get("type", ""))), _id(entity)
            if await self.doors.existing(type_name, [name]):
                raise Conflict(f"The entity {name} exists", todo="Use entityOperations/upsert or PATCH its attributes")
            request = Request(type_name, content, "ngsi-ld", key=_key(http), actor="api", parsed=(entity,))
            receipt = await self.doors.group.submit(request)
            if receipt.rejected:
                return await self._rejected(receipt)
        except KhueError as error:
            return problem(error, ngsi_ld=True)
        return Response(status_code=201, headers={"Location": f"/ngsi-ld/v1/entities/{name}", **_commit(receipt)})

    async def patch(self, http: HttpRequest) -> Response:
        """`PATCH /ngsi-ld/v1/entities/{id}/attrs`: 204, 207 where attributes were held, 404 for an unknown entity."""
        try:
            name = http.path_params["id"]
            type_name = self._type_of_id(name, http.query_params.get("type"))
            content = await self.doors.body(http)
            given = _object(content)
            if not await self.doors.existing(type_name, [name]):
                raise NotFound(f"There is no entity {name}")
            request = Request(type_name, content, "ngsi-ld", "patch", key=_key(http), entity=name, actor="api")
            receipt = await self.doors.group.submit(request)
            if receipt.rejected:
                return await self._rejected(receipt)
            if receipt.held:
                return await self._partly(receipt, given)
        except KhueError as error:
            return problem(error, ngsi_ld=True)
        return Response(status_code=204, headers=_commit(receipt))

    async def upsert(self, http: HttpRequest) -> Response:
        """`POST /ngsi-ld/v1/entityOperations/upsert`: 201 with ids, 204 nothing created, 207 with each error."""
        try:
            content = await self.doors.body(http)
            entities, _ = load(content, "the request")
            if not isinstance(entities, list) or not entities:
                raise Refused("The body must be a list of entities")
            mode: Mode = "patch" if http.query_params.get("options") == "update" else "replace"
            return await self._upsert(http, content, cast("list[Any]", entities), mode)
        except KhueError as error:
            return problem(error, ngsi_ld=True)

    async def _upsert(self, http: HttpRequest, content: bytes, entities: list[Any], mode: Mode) -> Response:
        errors: list[Mapping[str, Any]] = []
        done: list[str] = []
        created: list[str] = []
        kinds = _by_type(entities)
        for kind, members in kinds.items():
            type_name = self._type(kind)
            body = content if len(kinds) == 1 else orjson.dumps(members)
            names = [one["id"] for one in members if isinstance(one, dict) and isinstance(one.get("id"), str)]
            there = await self.doors.existing(type_name, names)
            new = [name for name in dict.fromkeys(names) if name not in there]
            request = Request(type_name, body, "ngsi-ld", mode, key=_key(http), actor="api", parsed=tuple(members))
            receipt = await self.doors.group.submit(request)
            bad = await self._errors(receipt) if receipt.rejected else []
            failed = {one["entityId"] for one in bad}
            errors += bad
            done += [name for name in dict.fromkeys(names) if name not in failed]
            created += [name for name in new if name not in failed]
        if errors:
            return json_answer({"success": done, "errors": errors}, 207)
        return json_answer(created, 201) if created else Response(status_code=204)

    async def delete(self, http: HttpRequest) -> Response:
        """`DELETE /ngsi-ld/v1/entities/{id}`: 204, 404 for an unknown entity. What was known of it stays in history."""
        try:
            name = http.path_params["id"]
            type_name = self._type_of_id(name, http.query_params.get("type"))
            self.doors.allow(http)
            receipt = await self._delete(type_name, [name], _key(http))
            if receipt is None:
                raise NotFound(f"There is no entity {name}")
        except KhueError as error:
            return problem(error, ngsi_ld=True)
        return Response(status_code=204, headers=_commit(receipt))

    async def delete_many(self, http: HttpRequest) -> Response:
        """`POST /ngsi-ld/v1/entityOperations/delete`: 204, or 207 with an error for each id that is not there."""
        try:
            names, _ = load(await self.doors.body(http), "the request")
            if not isinstance(names, list) or not names:
                raise Refused("The body must be a list of ids")
            kinds: dict[str, list[str]] = {}
            for name in dict.fromkeys(str(one) for one in cast("list[Any]", names)):
                kinds.setdefault(self._type_of_id(name, http.query_params.get("type")), []).append(name)
            gone: list[str] = []
            for type_name, members in kinds.items():
                there = await self.doors.existing(type_name, members)
                if await self._delete(type_name, members, _key(http)) is not None:
                    gone += [name for name in members if name in there]
        except KhueError as error:
            return problem(error, ngsi_ld=True)
        unknown = [name for members in kinds.values() for name in members if name not in gone]
        if not unknown:
            return Response(status_code=204)
        errors = [{"entityId": name, "error": _unknown(name)} for name in unknown]
        return json_answer({"success": gone, "errors": errors}, 207)

    async def _delete(self, type_name: str, names: Sequence[str], key: str | None) -> Receipt | None:
        """Commit a deletion of those that are there; None if there is none.

        An entity whose last observation lies ahead of the clock is gone from that moment on, or it would stay.
        """
        there = await self.doors.existing(type_name, names)
        if not there:
            return None
        now = self.doors.clock()
        moments = {name: max(now, last) if last is not None else now for name, last in there.items()}
        request = Request(type_name, deletions(moments), "ngsi-ld-delete", key=key, actor="api")
        return await self.doors.group.submit(request)

    async def _errors(self, receipt: Receipt) -> list[Mapping[str, Any]]:
        """Return an error for each rejected record of a commit."""
        found = await self.doors.reasons(receipt.first) if receipt.first is not None else []
        return [
            {"entityId": one.get("id"), "error": _problem_of(receipt, list(one.get("reasons", ())))}
            for one in found
            if one.get("action", "reject") == "reject"
        ]

    async def _rejected(self, receipt: Receipt) -> Response:
        found = await self.doors.reasons(receipt.first) if receipt.first is not None else []
        reasons = [reason for one in found for reason in one.get("reasons", ())]
        body = orjson.dumps(_problem_of(receipt, reasons))
        return Response(body, 400, _commit(receipt), "application/problem+json")

    async def _partly(self, receipt: Receipt, given: Mapping[str, Any]) -> Response:
        """Answer a patch of which some attributes are held back."""
        found = await self.doors.reasons(receipt.first) if receipt.first is not None else []
        reasons = [reason for one in found for reason in one.get("reasons", ())]
        held = {str(reason.get("field")) for reason in reasons}
        not_updated = [
            {"attributeName": field, "reason": next(r.get("en", "") for r in reasons if str(r.get("field")) == field)}
            for field in sorted(held)
        ]
        updated = [name for name in given if name not in held and name not in ("id", "type", "@context")]
        return json_answer({"updated": updated, "notUpdated": not_updated}, 207, _commit(receipt))

    def _type(self, name: str) -> str:
        """Return the contract's type for an NGSI-LD type name (a short name, or the last part of a URI)."""
        short = name.rsplit("/", maxsplit=1)[-1].rsplit("#", maxsplit=1)[-1]
        contracts = self.doors.contracts()
        found = next((one.type for one in contracts.values() if one.entity_type == short), None)
        return found or self.doors.type_of(short)

    def _type_of_id(self, name: str, given: str | None) -> str:
        if given:
            return self._type(given)
        if not name.startswith(ID_PREFIX) or name.count(":") < 3:
            raise Refused("The type of the entity is not in its id", todo="Add ?type=")
        return self._type(name.split(":")[2])

    def routes(self) -> list[Route]:
        """Return the routes of the writes."""
        return [
            Route("/ngsi-ld/v1/entities", self.create, methods=["POST"]),
            Route("/ngsi-ld/v1/entities/{id}/attrs", self.patch, methods=["PATCH"]),
            Route("/ngsi-ld/v1/entities/{id}/attrs/", self.patch, methods=["PATCH"]),
            Route("/ngsi-ld/v1/entities/{id:path}", self.delete, methods=["DELETE"]),
            Route("/ngsi-ld/v1/entityOperations/upsert", self.upsert, methods=["POST"]),
            Route("/ngsi-ld/v1/entityOperations/delete", self.delete_many, methods=["POST"]),
        ]


def _object(content: bytes) -> dict[str, Any]:
    document, _ = load(content, "the request")
    if not isinstance(document, dict):
        raise Refused("The body must be one JSON object")
    return cast("dict[str, Any]", document)


def _id(entity: Mapping[str, Any]) -> str:
    name = entity.get("id")
    if not isinstance(name, str) or ":" not in name:
        raise Refused("The entity has no id that is a URI")
    return name


def _by_type(entities: list[Any]) -> dict[str, list[Any]]:
    """Return the entities by type, in order; what has none goes with the first type, which rejects it."""
    kinds: dict[str, list[Any]] = {}
    nameless: list[Any] = []
    for entity in entities:
        kind = cast("dict[str, Any]", entity).get("type") if isinstance(entity, dict) else None
        (kinds.setdefault(kind, []) if isinstance(kind, str) and kind else nameless).append(entity)
    if not kinds:
        raise Refused("No entity of the list has a type")
    next(iter(kinds.values())).extend(nameless)
    return kinds


def _problem_of(receipt: Receipt, reasons: list[Any]) -> Mapping[str, Any]:
    return {
        "type": NGSI_LD + "BadRequestData",
        "title": "The record does not pass its contract and waits in quarantine",
        "status": 400,
        "detail": "; ".join(str(reason.get("en") or reason.get("check")) for reason in reasons),
        "reasons": reasons,
        "quarantine": f"/data/waiting?commit={receipt.first}",
    }


def _unknown(name: str) -> Mapping[str, Any]:
    return {**NotFound(f"There is no entity {name}").problem(), "type": NGSI_LD + "ResourceNotFound"}


def _commit(receipt: Receipt) -> dict[str, str]:
    return {} if receipt.first is None else {"Khue-Commit": str(receipt.first)}


def _key(http: HttpRequest) -> str | None:
    return http.headers.get("idempotency-key")
