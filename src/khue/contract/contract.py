"""A contract: what one type of record is, and what clean means for it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Literal

from khue.contract.check import Check
from khue.contract.errors import Refused
from khue.contract.label import Label
from khue.contract.property import Property

TYPE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,47}\Z")  # becomes the name of tables, with room for endings
Kind = Literal["measure", "case", "register"]
Status = Literal["draft", "active"]


@dataclass(frozen=True, slots=True)
class Locate:
    """How a record finds its place.

    by="point": from the properties `longitude` and `latitude` (WGS 84 degrees);
    by="area": from the property `area` (a code of an area);
    by="reference": place and area of the record of another type that the property `through` names.
    """

    by: Literal["point", "area", "reference"]
    longitude: str | None = None
    latitude: str | None = None
    area: str | None = None
    through: str | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """The gate to the `open` schema: what of a type is open, and when."""

    dataset: str
    of: Literal["readings", "state"]
    properties: tuple[str, ...]
    least_quality: float = 0.0
    licence: str = ""
    label: Label = Label("", "")
    shut_checks: tuple[str, ...] = ()  # a record flagged by one of these checks stays closed


@dataclass(frozen=True, slots=True)
class Retention:
    """How long history and raw bytes of a type are kept, and by which rule."""

    keep: timedelta
    law: str
    verified: bool = False


@dataclass(frozen=True)
class Contract:
    """The contract of one type; `digest` identifies the exact text it was read from."""

    type: str  # `rain_gauge`: the name of its tables and of the commands
    entity_type: str  # `WeatherObserved`: the NGSI-LD type, also in the entity's id
    version: str  # semantic version
    kind: Kind
    status: Status
    label: Label
    description: str
    owner: str  # the agency that answers for the type
    key: str  # template over properties, e.g. "{station}"; the id is urn:ngsi-ld:<entity_type>:<key>
    observed_at: str | None
    properties: tuple[Property, ...]
    checks: tuple[Check, ...]
    locate: Locate | None = None
    share: Share | None = None
    retention: Retention | None = None
    dedupe: timedelta = timedelta(days=7)
    title: str | None = None  # the property that names an entity to a person
    digest: str = ""
    file: str = ""

    @property
    def major(self) -> int:
        """Return the major version; each one has tables of its own."""
        return int(self.version.split(".", maxsplit=1)[0])

    @cached_property
    def by_name(self) -> Mapping[str, Property]:
        """Return the properties by name."""
        return {prop.name: prop for prop in self.properties}

    @cached_property
    def by_term(self) -> Mapping[str, Property]:
        """Return the properties by NGSI-LD term."""
        return {prop.term or prop.name: prop for prop in self.properties}

    @cached_property
    def row_checks(self) -> tuple[Check, ...]:
        """Return the checks that `clean` makes, one row at a time."""
        return tuple(check for check in self.checks if not check.judged)

    @cached_property
    def judgements(self) -> tuple[Check, ...]:
        """Return the checks that the ledger makes under its lock."""
        return tuple(check for check in self.checks if check.judged)

    @cached_property
    def checks_by_name(self) -> Mapping[str, Check]:
        """Return the checks by name."""
        return {check.name: check for check in self.checks}

    @property
    def is_draft(self) -> bool:
        """Whether the type was seen without a contract: system columns only, never shared."""
        return self.status == "draft"


def draft_contract(type_name: str) -> Contract:
    """Return the contract of a type that was seen first without one: open-world, inside only.

    Raises Refused for a name that no table could have.
    """
    if not TYPE_NAME.match(type_name):
        raise Refused(f"{type_name[:60]!r} cannot be the name of a type", todo="Letters, digits and _, at most 48")
    return Contract(
        type=type_name,
        entity_type=type_name,
        version="0.0.0",
        kind="register",
        status="draft",
        label=Label(type_name, type_name),
        description="Seen without a contract; kept and queryable inside, never shared.",
        owner="",
        key="{id}",
        observed_at=None,
        properties=(),
        checks=(),
    )
