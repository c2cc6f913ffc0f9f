"""Rows of the ledger as NGSI-LD entities: normalized, concise, keyValues, and over time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal, cast

from khue.contract.contract import Contract
from khue.contract.property import Property

Form = Literal["normalized", "concise", "keyValues"]
Row = Mapping[str, Any]

CORE = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld"
DEFAULT = "https://uri.etsi.org/ngsi-ld/default-context/"


@dataclass(frozen=True, slots=True)
class Shown:
    """How to show entities: the form, whether with createdAt and modifiedAt, and which terms (None = all)."""

    form: Form = "normalized"
    system: bool = False
    attributes: frozenset[str] | None = None

    def shows(self, term: str) -> bool:
        """Whether an attribute is shown."""
        return self.attributes is None or term in self.attributes


def entity(row: Row, contract: Contract, shown: Shown) -> dict[str, Any]:
    """Return one row as an entity; what has no value is absent."""
    observed = moment(row["_observed_at"])
    made: dict[str, Any] = {"id": row["_id"], "type": contract.entity_type}
    if shown.system:
        made["modifiedAt"] = moment(row["_recorded_at"])
    for term, prop in contract.by_term.items():
        value = row.get(prop.name)
        if value is not None and shown.shows(term):
            made[term] = _attribute(value, prop, observed, shown)
    if row["_x"] is not None and row["_y"] is not None and shown.shows("location"):
        made.setdefault("location", _location(row, shown.form))
    if row["_quality"] is not None and shown.shows("quality"):
        made.setdefault("quality", _plain(round(row["_quality"], 4), shown.form))
    for term, extra in cast("dict[str, Any]", row["_extra"] or {}).items():
        if shown.shows(term):
            made.setdefault(term, _simple(extra) if shown.form == "keyValues" else extra)
    return made


def over_time(rows: Sequence[Row], contract: Contract, shown: Shown, *, values_only: bool) -> dict[str, Any]:
    """Return the readings of one entity (newest first) as its temporal evolution."""
    made: dict[str, Any] = {"id": rows[0]["_id"], "type": contract.entity_type}
    for term, prop in contract.by_term.items():
        known = [row for row in rows if row.get(prop.name) is not None]
        if not known or not shown.shows(term):
            continue
        if values_only:
            pairs = [[_value(row[prop.name], "keyValues"), moment(row["_observed_at"])] for row in known]
            made[term] = {"type": "Property", "values": pairs}
        else:
            made[term] = [_attribute(row[prop.name], prop, moment(row["_observed_at"]), shown) for row in known]
    return made


def context_of(contracts: Iterable[Contract]) -> dict[str, Any]:
    """Return the JSON-LD context of all types: every term under NGSI-LD's default context, then the core."""
    terms = {term for contract in contracts for term in (contract.entity_type, *contract.by_term)}
    return {"@context": [{term: DEFAULT + term for term in sorted(terms | {"quality"})}, CORE]}


def moment(value: datetime | None) -> str | None:
    """Return a time as NGSI-LD writes it: UTC, ending in Z."""
    return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _attribute(value: object, prop: Property, observed: str | None, shown: Shown) -> object:
    if shown.form == "keyValues":
        return _value(value, shown.form)
    made: dict[str, Any] = {} if shown.form == "concise" else {"type": "Property"}
    made["value"] = _value(value, shown.form)
    if observed is not None:
        made["observedAt"] = observed
    if prop.unit:
        made["unitCode"] = prop.unit
    return made["value"] if shown.form == "concise" and len(made) == 1 else made


def _value(value: object, form: Form) -> object:
    if isinstance(value, datetime):
        return moment(value) if form == "keyValues" else {"@type": "DateTime", "@value": moment(value)}
    if isinstance(value, date):
        return value.isoformat() if form == "keyValues" else {"@type": "Date", "@value": value.isoformat()}
    return value


def _location(row: Row, form: Form) -> object:
    point = {"type": "Point", "coordinates": [row["_x"], row["_y"]]}
    return {"type": "GeoProperty", "value": point} if form == "normalized" else point


def _plain(value: float, form: Form) -> object:
    return {"type": "Property", "value": value} if form == "normalized" else value


def _simple(extra: object) -> object:
    if not isinstance(extra, dict):
        return extra
    known = cast("dict[str, Any]", extra)
    return next((known[name] for name in ("value", "object", "languageMap") if name in known), known)
