"""A source: where records come from, how they are decoded, and which column is which property."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from khue.contract.label import Label

Blank = Literal["unknown", "zero", "clear", "keep"]


@dataclass(frozen=True, slots=True)
class Wide:
    """A table with one column an entity: each cell becomes a record.

    `keep` maps fixed headings to properties; every other heading goes to the property `heading_to`
    (a heading that repeats gets " (2)", " (3)" … in the order of the columns) and its cell to `cell_to`.
    """

    heading_to: str
    cell_to: str


@dataclass(frozen=True, slots=True)
class Long:
    """A table with one row a (record, parameter): rows with equal `by` columns are one, wherever they stand.

    `parameter` and `value` are headings; `properties` maps a parameter's text to a property.
    `unit` is the heading of the row's own unit, if it has one.
    """

    by: tuple[str, ...]
    parameter: str
    value: str
    properties: Mapping[str, str]
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Footer:
    """Rows that are no records: the first cell is one of `names`; `compare` says what they sum up.

    compare="sum" or "mean" compares each number with its column above, to `tolerance`.
    """

    names: tuple[str, ...]
    compare: Literal["sum", "mean", "none"]
    tolerance: float = 0.05


@dataclass(frozen=True, slots=True)
class Source:
    """One source of one type, as data (`domains/*/sources/*.yaml`)."""

    name: str
    type: str
    label: Label
    agency: str
    format: str  # html, csv, xlsx, json, ndjson, ngsi-ld, simulator; "" = found from the content
    columns: Mapping[str, str]  # heading → property
    ignore: tuple[str, ...] = ()  # headings that are knowingly not taken
    constants: Mapping[str, Any] = field(default_factory=dict[str, Any])  # property → value for every record
    blank: Mapping[str, Blank] = field(default_factory=dict[str, Blank])  # property → what an empty cell means
    units: Mapping[str, str] = field(default_factory=dict[str, str])  # property → unit declared (UN/CEFACT)
    unit_columns: Mapping[str, str] = field(default_factory=dict[str, str])  # property → heading of a row's unit
    shape: Wide | Long | None = None
    footers: tuple[Footer, ...] = ()
    date_order: Literal["dmy", "mdy", "ymd"] = "dmy"
    zone: str = "Asia/Ho_Chi_Minh"
    every: float | None = None  # seconds between reports that it promises
    late_after: float | None = None
    lost_after: float | None = None
    connector: Mapping[str, Any] = field(default_factory=dict[str, Any])  # kind and address; empty = by hand
    simulated: bool = False
    notes: str = ""
    file: str = ""
