"""What a request to a read door of NGSI-LD asks: its parameters, checked, as the words of the house."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from starlette.datastructures import QueryParams

from khue.contract.contract import Contract
from khue.contract.errors import NotFound, Refused
from khue.contract.query import All, Any_, Comparison, Filter, Query
from khue.sharing.geo import shape
from khue.sharing.q import like, parse, property_of
from khue.sharing.represent import Form, Shown

MOST = 1_000  # entities a page
USUAL = 20
MOST_IDS = 1_000
_URN = re.compile(r"urn:ngsi-ld:([^:]+):.+")
_FORMS: dict[str, Form] = {
    "normalized": "normalized",
    "concise": "concise",
    "keyValues": "keyValues",
    "simplified": "keyValues",
}
OPTIONS = frozenset({*_FORMS, "sysAttrs", "count", "temporalValues"})


# `local` and `csf` speak of other context sources, of which there are none.
OF_ONE = frozenset({"attrs", "options", "format", "local", "csf"})
_PLACE = frozenset({"georel", "geometry", "coordinates", "geoproperty"})
OF_ENTITIES = OF_ONE | _PLACE | {"type", "id", "idPattern", "q", "limit", "offset", "count", "at"}
OF_TIME = OF_ONE | {"timerel", "timeAt", "endTimeAt", "timeproperty", "lastN"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for entities."""

    contracts: tuple[Contract, ...]
    ids: tuple[str, ...] | None
    shown: Shown
    limit: int
    offset: int
    count: bool
    parameters: Mapping[str, str]


def asked(parameters: QueryParams, contracts: Iterable[Contract]) -> Asked:
    """Return what the parameters of `GET entities` ask, or refuse."""
    only(parameters, OF_ENTITIES)
    ids = names(parameters, "id")
    if ids and len(ids) > MOST_IDS:
        raise Refused(f"{len(ids)} ids are asked", where="id", why=f"at most {MOST_IDS} are read")
    options = options_of(parameters)
    count = parameters.get("count") == "true" or "count" in options
    limit = whole(parameters, "limit", USUAL, MOST)
    if limit == 0 and not count:
        raise Refused("A limit of 0 is for counting", where="limit", todo="add count=true")
    return Asked(
        _types(parameters, ids, tuple(contracts)),
        ids,
        shown_of(parameters),
        limit,
        whole(parameters, "offset", 0, 10**9),
        count,
        dict(parameters),
    )


def query_of(one: Asked, contract: Contract, limit: int, offset: int) -> Query | None:
    """Return the query of one type, None where the type has none of the attributes asked."""
    parts: list[Filter] = []
    if one.shown.attributes is not None:
        known = [name for name in one.shown.attributes if knows(contract, name)]
        if not known:
            return None
        parts.append(Any_(tuple(Comparison(property_of(name, contract), "is not null") for name in known)))
    if "q" in one.parameters:
        parts.append(parse(one.parameters["q"], contract))
    if "idPattern" in one.parameters:
        parts.append(Comparison("_id", "like", like(one.parameters["idPattern"])))
    return Query(
        contract.type,
        ids=one.ids,
        where=All(tuple(parts)),
        geometry=shape(one.parameters),
        at=_moment(one.parameters, "at"),
        limit=limit,
        offset=offset,
        count=one.count or len(one.contracts) > 1,
    )


def contract_of(entity_id: str, contracts: Iterable[Contract]) -> tuple[Contract, ...]:
    """Return the contracts whose entities have ids such as this one."""
    found = _URN.fullmatch(entity_id)
    known = tuple(one for one in contracts if found and one.entity_type == found[1])
    if not known:
        raise NotFound(f"There is no entity {entity_id}", todo="ids begin with urn:ngsi-ld:<type>:")
    return known


def knows(contract: Contract, name: str) -> bool:
    """Whether a type has an attribute of this name."""
    return name in contract.by_term or name in ("location", "quality")


def only(parameters: QueryParams, known: frozenset[str]) -> None:
    """Refuse a parameter that is not read here: an answer that leaves it out would be a wrong one."""
    if unknown := set(parameters) - known:
        raise Refused(
            f"The parameter {', '.join(sorted(unknown))} is not read here", why=f"known are {', '.join(sorted(known))}"
        )


def options_of(parameters: QueryParams) -> frozenset[str]:
    """Return the options of a request, `format` included, or refuse those unknown."""
    found = frozenset([*(names(parameters, "options") or ()), *(names(parameters, "format") or ())])
    if unknown := found - OPTIONS:
        raise Refused(
            f"There is no option {', '.join(sorted(unknown))}", where="options", why=", ".join(sorted(OPTIONS))
        )
    return found


def shown_of(parameters: QueryParams) -> Shown:
    """Return how to show the entities of a request."""
    options = options_of(parameters)
    forms: list[Form] = [_FORMS[name] for name in options & _FORMS.keys()]
    attributes = names(parameters, "attrs")
    return Shown(
        forms[0] if forms else "normalized",
        "sysAttrs" in options,
        None if attributes is None else frozenset(attributes),
    )


def names(parameters: Mapping[str, str], name: str) -> tuple[str, ...] | None:
    """Return a list that is written with commas, None where the parameter is absent."""
    given = parameters.get(name)
    return None if given is None else tuple(part.strip() for part in given.split(",") if part.strip())


def whole(parameters: Mapping[str, str], name: str, usual: int, most: int) -> int:
    """Return a whole number from 0 to `most`."""
    text = parameters.get(name, str(usual))
    if not text.isascii() or not text.isdigit() or len(text) > 10 or int(text) > most:
        raise Refused(f"{text!r} is no whole number from 0 to {most}", where=name)
    return int(text)


def moment(text: str, where: str) -> datetime:
    """Return a time with its zone."""
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))  # a + in an address means a space
    except ValueError as error:
        raise Refused(f"{text!r} is no time", where=where, todo="write 2026-11-22T08:00:00Z") from error
    if found.tzinfo is None:
        raise Refused(f"The time {text!r} has no zone", where=where, todo="end it with Z")
    return found


def _moment(parameters: Mapping[str, str], name: str) -> datetime | None:
    return moment(parameters[name], name) if name in parameters else None


def _types(parameters: QueryParams, ids: Sequence[str] | None, contracts: Sequence[Contract]) -> tuple[Contract, ...]:
    wanted = names(parameters, "type")
    if wanted is not None:
        found = tuple(one for one in contracts if one.entity_type in wanted or one.type in wanted)
        if not found and wanted != ("*",):
            known = ", ".join(sorted({one.entity_type for one in contracts}))
            raise NotFound(f"There is no type {', '.join(wanted)}", where="type", why=f"the types are: {known}")
        return found or tuple(contracts)
    if ids:
        return tuple(dict.fromkeys(contract for one in ids for contract in _of_id(one, contracts)))
    if attributes := names(parameters, "attrs"):
        return tuple(one for one in contracts if any(knows(one, name) for name in attributes))
    raise Refused("Say which entities: type, id or attrs", where="type", todo="add for example type=WeatherObserved")


def _of_id(entity_id: str, contracts: Sequence[Contract]) -> tuple[Contract, ...]:
    try:
        return contract_of(entity_id, contracts)
    except NotFound:
        return cast("tuple[Contract, ...]", ())
