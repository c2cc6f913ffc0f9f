"""A property: one column of a type."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from khue.contract.label import Label

LogicalType = Literal["string", "number", "integer", "boolean", "date", "timestamp", "object", "array"]
Classification = Literal["public", "internal", "personal", "sensitive"]

# The one table from ODCS logical types to PostgreSQL. Objects and arrays travel as JSON text.
SQL_TYPE: Mapping[LogicalType, str] = {
    "string": "text",
    "number": "double precision",
    "integer": "bigint",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamptz",
    "object": "jsonb",
    "array": "jsonb",
}


@dataclass(frozen=True, slots=True)
class Normaliser:
    """A named normaliser of `khue.clean` with its options, as a contract orders it."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Reference:
    """Master data in which a value must exist: a property of another type's state."""

    type: str
    property: str


@dataclass(frozen=True, slots=True)
class Property:
    """One typed column. `term` is its NGSI-LD name, `unit` a UN/CEFACT code (`MMT`, `GQ`, `CEL`, …)."""

    name: str
    logical_type: LogicalType
    label: Label
    description: str = ""
    required: bool = False
    classification: Classification = "internal"
    normalise: tuple[Normaliser, ...] = ()
    term: str = ""
    unit: str | None = None
    unit_label: str = ""
    reference: Reference | None = None
    folded: bool = False  # a text column `<name>__folded` is kept for search without diacritics

    @property
    def sql_type(self) -> str:
        """Return the PostgreSQL type of the column."""
        return SQL_TYPE[self.logical_type]
