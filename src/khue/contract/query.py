"""A query: the one tree that every reader's request becomes, before the ledger makes SQL of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "in", "between", "like", "contains", "is null", "is not null"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`property operator value`. `property` is a contract's property or a system column (`_id`, `_area`, …).

    `contains` matches text without diacritics and case on the folded column, where the property has one.
    """

    property: str
    operator: Operator
    value: Any = None


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; an empty one is true."""

    parts: "tuple[Filter, ...]"


@dataclass(frozen=True, slots=True)
class Any_:  # noqa: N801  `Any` is typing's
    """At least one part holds; an empty one is false."""

    parts: "tuple[Filter, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold (null counts as not holding the part)."""

    part: "Filter"


Filter = Comparison | All | Any_ | Not


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle in WGS 84 degrees, edges included."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class Near:
    """A circle around a point, radius in metres on the sphere."""

    longitude: float
    latitude: float
    metres: float


@dataclass(frozen=True, slots=True)
class Polygon:
    """A ring of (longitude, latitude) points in WGS 84 degrees, its edge included; it need not be closed."""

    ring: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Order:
    """Order by one property or system column; ties are broken by `_id`."""

    property: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """What to read of one type.

    `of`="state" reads what is true (or was known `at`); "history" reads every version; "readings" the last
    version of each (id, observed time). `at` means as known at; `since`/`until` limit the observed time
    (until excluded). `properties` None = all.
    """

    type: str
    of: Literal["state", "readings", "history"] = "state"
    ids: tuple[str, ...] | None = None
    where: Filter = All(())
    geometry: Window | Near | Polygon | None = None
    at: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    properties: tuple[str, ...] | None = None
    order: tuple[Order, ...] = ()
    limit: int = 100
    offset: int = 0
    count: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Rows as dicts (system columns and properties), in order; `total` where the query asked to count."""

    rows: tuple[dict[str, Any], ...]
    total: int | None = None
    as_of: int = 0  # the last seq that the answer holds
