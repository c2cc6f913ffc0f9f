"""A small city for the ledger's tests: two contracts, and `Cleaned` frames made by hand."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import polars as pl

from khue.contract.batch import Batch, Kind, Mode, Part, Position, Raw
from khue.contract.check import Check
from khue.contract.cleaned import Cleaned
from khue.contract.contract import Contract, Share
from khue.contract.label import Label
from khue.contract.property import Property

T0 = datetime(2026, 11, 1, tzinfo=UTC)
TEXTS = pl.List(pl.String)
POLARS = {"string": pl.String, "number": pl.Float64, "integer": pl.Int64, "boolean": pl.Boolean, "object": pl.String}


def prop(name: str, kind: str = "number", classification: str = "public") -> Property:
    return Property(name, kind, Label(name, name), classification=classification)  # type: ignore[arg-type]


def contract(
    kind: str = "measure",
    *,
    name: str = "gauge",
    checks: tuple[Check, ...] = (),
    version: str = "1.0.0",
    properties: tuple[Property, ...] | None = None,
    share: Share | None = None,
) -> Contract:
    found = properties or (prop("station", "string"), prop("rain"), prop("level"), prop("detail", "object"))
    return Contract(
        name,
        "WeatherObserved",
        version,
        kind,
        "active",
        Label(name, name),
        "",
        "so-tnmt",
        "{station}",
        "at",  # type: ignore[arg-type]
        found,
        checks,
        share=share,
    )


def judged(kind: str, name: str = "", on_fail: str = "flag", field: str | None = "rain", **arguments: Any) -> Check:
    reason = Label("{column} dòng {row}: {value}", "{column} row {row}: {value}")
    return Check(name or kind, kind, "accurate", on_fail, field, reason, arguments)  # type: ignore[arg-type]


def record(station: str, hours: float | None = 0, **values: Any) -> dict[str, Any]:
    """One record; `given`, `deleted`, `held`, `flags`, `rejected`, `area` are said beside the properties."""
    return {"station": station, "hours": hours, **values}


def cleaned(
    of: Contract,
    records: list[dict[str, Any]],
    *,
    mode: Mode = "replace",
    kind: Kind = "data",
    position: str | None = None,
    cuts: tuple[int, ...] = (),
    about: dict[str, Any] | None = None,
    source: str = "test",
    promised: float | None = None,
) -> Cleaned:
    """Return the records as `clean` would; `cuts` are the ends of the parts before the last."""
    rows = [_row(of, n, item, mode) for n, item in enumerate(records) if not item.get("rejected")]
    waiting = [_waiting(n, item) for n, item in enumerate(records) if item.get("rejected") or item.get("held")]
    text = [
        {"_record": n, "_row": n + 1} | {p.name: _text(item.get(p.name)) for p in of.properties}
        for n, item in enumerate(records)
    ]
    schema = {"_record": pl.Int32, "_row": pl.Int64} | {p.name: pl.String for p in of.properties}
    edges = [0, *cuts, len(records)]
    content = json.dumps(records, default=str).encode()
    raw = Raw(content, hashlib.sha256(content).digest())
    parts = tuple(
        Part(a, b, source, "tester", raw, Position(f"{position}:{n}") if position else None, kind, about or {})
        for n, (a, b) in enumerate(pairwise(edges))
    )
    batch = Batch(of.type, pl.DataFrame(text, schema=schema), parts, mode, promised=promised)
    return Cleaned(batch, of, pl.DataFrame(rows, schema=_schema(of)), pl.DataFrame(waiting, schema=WAITING))


def _row(of: Contract, n: int, item: dict[str, Any], mode: Mode) -> dict[str, Any]:
    names = [p.name for p in of.properties]
    held = sorted(item.get("held", ()))
    own = {name: None if name in held else item.get(name) for name in names}
    flags = sorted([*item.get("flags", ()), *(f"{name}_range" for name in held)])
    return {
        "_record": n,
        "_row": n + 1,
        "_id": f"urn:ngsi-ld:{of.entity_type}:{item['station']}",
        "_observed_at": None if item.get("hours") is None else T0 + timedelta(hours=item["hours"]),
        "_area": item.get("area"),
        "_agency": "so-tnmt",
        "_visible_to": [],
        "_x": None,
        "_y": None,
        "_cell": None,
        "_passed": 4 - len(held),
        "_applicable": 4,
        "_flags": flags,
        "_held": held,
        "_dimensions": 1 if flags else 0,
        "_extra": item.get("extra"),
        "_deleted": item.get("deleted", False),
        "_given": [name for name in names if name in item] if mode == "patch" else None,
        **own,
    }


def _waiting(n: int, item: dict[str, Any]) -> dict[str, Any]:
    received = json.dumps({k: v for k, v in item.items() if k not in ("held", "rejected")}, default=str).encode()
    fields = sorted(item.get("held", ())) or ["rain"]
    reason = {"check": "rain_range", "dimension": "accurate", "field": "rain", "row": n + 1, "value": "?"}
    return {
        "_record": n,
        "_row": n + 1,
        "_id": item["station"],
        "_observed_at": None,
        "action": "reject" if item.get("rejected") else "hold",
        "fields": fields,
        "_flags": ["rain_range"],
        "_dimensions": 1,
        "received": received,
        "reasons": json.dumps([reason]),
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _schema(of: Contract) -> dict[str, Any]:
    moment = pl.Datetime("us", "UTC")
    own = {p.name: POLARS[p.logical_type] for p in of.properties}
    return {
        "_record": pl.Int32,
        "_row": pl.Int64,
        "_id": pl.String,
        "_observed_at": moment,
        "_area": pl.String,
        "_agency": pl.String,
        "_visible_to": TEXTS,
        "_x": pl.Float64,
        "_y": pl.Float64,
        "_cell": pl.Int64,
        "_passed": pl.Int32,
        "_applicable": pl.Int32,
        "_flags": TEXTS,
        "_held": TEXTS,
        "_dimensions": pl.Int16,
        "_extra": pl.String,
        "_deleted": pl.Boolean,
        "_given": TEXTS,
        **own,
    }


WAITING = {
    "_record": pl.Int32,
    "_row": pl.Int64,
    "_id": pl.String,
    "_observed_at": pl.Datetime("us", "UTC"),
    "action": pl.String,
    "fields": TEXTS,
    "_flags": TEXTS,
    "_dimensions": pl.Int16,
    "received": pl.Binary,
    "reasons": pl.String,
}
