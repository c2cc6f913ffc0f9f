"""Infer: propose a contract from a table as text, with a profile of each column, for a steward to edit and approve.

The proposal is ODCS 3.1 YAML with `khue.*` custom properties. It says what was seen, not what is right: bounds and
lists are in comments of the profile, never rules. Columns that look personal give no examples.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
import yaml

from khue.clean import registry
from khue.clean.normalisers.fold import fold
from khue.clean.normalisers.text import clean_text
from khue.contract.property import LogicalType

_TYPES: tuple[LogicalType, ...] = ("boolean", "integer", "number", "date", "timestamp", "object", "array")
_SHARE = 0.98  # of the values must be readable as a type for it to be proposed
_EXAMPLES = 5
_PERSONAL = re.compile(
    r"(^|_)(ho_va_ten|ho_ten|ten_nguoi|nguoi|cccd|cmnd|dinh_danh|sdt|dien_thoai|so_dien_thoai|phone|mobile|email|"
    r"dia_chi|address|ngay_sinh|birth|bhyt|bhxh|ho_chieu|passport|tai_khoan|chu_ho|name_of_person)(_|$)"
)
_LOOKS_PERSONAL = r"^(?:\+?84|0)\d{9}$|^\d{12}$|^[^@\s]+@[^@\s]+\.\w+$"


@dataclass(frozen=True, slots=True)
class Profile:
    """What a column holds: counts, the type that its values can be read as, and its bounds as text."""

    heading: str
    name: str
    logical_type: LogicalType
    rows: int
    nulls: int
    distinct: int
    least: str | None
    most: str | None
    examples: tuple[str, ...]
    personal: bool


def infer(frame: pl.DataFrame, name: str) -> str:
    """Return the proposed contract (YAML) for a frame of text columns; `name` becomes the type."""
    type_name = names([name])[0]
    profiles = [
        profile(frame.get_column(heading), own)
        for heading, own in zip(frame.columns, names(frame.columns), strict=True)
    ]
    body = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": f"proposed-{type_name.replace('_', '-')}",
        "name": name,
        "version": "0.1.0",
        "status": "draft",
        "description": {"purpose": f"Proposed from {frame.height} rows; edit and approve before use."},
        "schema": [_schema(type_name, name, profiles)],
    }
    return yaml.safe_dump(body, allow_unicode=True, sort_keys=False, width=120)


def names(headings: Sequence[str]) -> list[str]:
    """Return a column name for each heading: folded, in ASCII, unique, at most 50 characters."""
    texts = pl.DataFrame({"heading": list(headings)}, schema={"heading": pl.String})
    folded = texts.select(fold(pl.col("heading"), {}).fill_null("")).to_series().to_list()
    taken: list[str] = []
    for text in folded:
        bare = re.sub(r"[^a-z0-9]+", "_", text).strip("_")[:50] or "column"
        bare = f"c_{bare}" if bare[0].isdigit() else bare
        number = 2
        candidate = bare
        while candidate in taken:
            candidate, number = f"{bare}_{number}", number + 1
        taken.append(candidate)
    return taken


def profile(column: pl.Series, name: str) -> Profile:
    """Return the profile of a text column."""
    written = column.cast(pl.String).to_frame("t").select(clean_text(pl.col("t"), {})).to_series()
    there = written.drop_nulls()
    logical_type, values = _type_of(there)
    personal = bool(_PERSONAL.search(name)) or bool(there.head(1000).str.contains(_LOOKS_PERSONAL).any())
    ordered = logical_type in ("integer", "number", "date", "timestamp") and not personal
    return Profile(
        heading=column.name,
        name=name,
        logical_type=logical_type,
        rows=len(column),
        nulls=written.null_count(),
        distinct=there.n_unique(),
        least=str(values.min()) if ordered and len(values) else None,
        most=str(values.max()) if ordered and len(values) else None,
        examples=() if personal else tuple(there.unique(maintain_order=True).head(_EXAMPLES).to_list()),
        personal=personal,
    )


def _type_of(there: pl.Series) -> tuple[LogicalType, pl.Series]:
    """Return the first type that reads nearly all values, and the values read."""
    codes = there.str.contains(r"^0\d+$").any()  # 00331 is a code, not a number
    for logical_type in () if not len(there) or codes else _TYPES:
        read = there.to_frame("t").select(registry.entry(logical_type).expression(pl.col("t"), {})).to_series()
        if len(read.drop_nulls()) >= _SHARE * len(there):
            return logical_type, read.drop_nulls()
    return "string", there


def _schema(type_name: str, label: str, profiles: list[Profile]) -> dict[str, object]:
    times = [one.name for one in profiles if one.logical_type in ("timestamp", "date")]
    unique = [
        one.name
        for one in profiles
        if one.rows and one.distinct == one.rows and one.logical_type in ("string", "integer")
    ]
    key = next(iter(unique), next((one.name for one in profiles if one.logical_type == "string"), profiles[0].name))
    custom: list[dict[str, object]] = [
        {"property": "khue.kind", "value": "measure" if times and key not in unique else "register"},
        {"property": "khue.entityType", "value": "".join(part.capitalize() for part in type_name.split("_"))},
        {"property": "khue.label", "value": {"vi": label, "en": label}},
        {"property": "khue.owner", "value": "TODO"},
        {"property": "khue.key", "value": f"{{{key}}}"},
    ]
    if times:
        custom.append({"property": "khue.observedAt", "value": times[0]})
    return {
        "name": type_name,
        "logicalType": "object",
        "physicalType": "table",
        "description": f"Proposed from {label}",
        "customProperties": custom,
        "properties": [_property(one, key) for one in profiles],
    }


def _property(one: Profile, key: str) -> dict[str, object]:
    said = [f"{one.nulls} of {one.rows} empty", f"{one.distinct} different"]
    said += [f"from {one.least} to {one.most}"] if one.least is not None else []
    made: dict[str, object] = {
        "name": one.name,
        "logicalType": one.logical_type,
        "description": f"“{one.heading}”: " + ", ".join(said),
        "classification": "personal" if one.personal else "internal",
    }
    if one.name == key or (one.rows and not one.nulls):
        made["required"] = True
    if one.examples:
        made["examples"] = list(one.examples)
    made["customProperties"] = [{"property": "khue.label", "value": {"vi": one.heading, "en": one.heading}}]
    return made
