"""Numbers and series over readings: the value always comes with how many readings it holds and how new they are."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg import sql

from khue.contract.contract import Contract
from khue.contract.domain import Number
from khue.contract.errors import Refused
from khue.contract.query import Filter, Query
from khue.ledger.columns import column
from khue.ledger.named_sql import named
from khue.ledger.query import Builder, Statement

Bucket = Literal["hour", "day", "month"]
_FUNCTIONS = {
    "mean": sql.SQL("avg"),
    "max": sql.SQL("max"),
    "min": sql.SQL("min"),
    "sum": sql.SQL("sum"),
    "count": sql.SQL("count"),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """A number of the city: `readings` have a value, of `entities` looked at; `newest` is the newest of them.

    `value` is None where no reading has one: that is “no data”, never 0.
    """

    value: float | None
    readings: int
    entities: int
    newest: datetime | None
    as_of: int


@dataclass(frozen=True, slots=True)
class Point:
    """One bucket of a series: its start, and what the readings in it come to (None where none has a value)."""

    start: datetime
    mean: float | None
    maximum: float | None
    minimum: float | None
    total: float | None
    readings: int
    newest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """Which readings a series holds: a property of a type, observed from `since` to `until` (excluded).

    Days and months begin in `zone`. `ids` None = all entities.
    """

    type: str
    property: str
    bucket: Bucket
    since: datetime
    until: datetime
    ids: tuple[str, ...] | None = None
    zone: str = "Asia/Ho_Chi_Minh"
    at: datetime | None = None
    where: Filter | None = None


def number_statement(number: Number, builder: Builder) -> Statement:
    """Return the statement of a number over the relation of `builder` (its query's latest readings)."""
    if number.aggregate not in _FUNCTIONS:
        raise Refused(
            f"{number.aggregate!r} is no aggregate", where=number.name, why=f"there are {', '.join(_FUNCTIONS)}"
        )
    _numeric(builder.contract, number.property, counted=number.aggregate == "count")
    values: list[Any] = []
    relation = builder.relation(values, names=("_observed_at", number.property))
    value = sql.Identifier(number.property)
    text = named("read/number").format(relation=relation, value=value, aggregate=_aggregate(number.aggregate, value))
    return Statement(text, (*values, number.within, number.within))


def series_statement(series: Series, builder: Builder) -> Statement:
    """Return the statement of a series over the relation of `builder` (its query's readings)."""
    _numeric(builder.contract, series.property)
    values: list[Any] = []
    relation = builder.relation(values, names=("_observed_at", series.property))
    text = named("read/series").format(relation=relation, value=sql.Identifier(series.property))
    return Statement(text, (series.bucket, series.zone, *values))


def readings_query(series: Series) -> Query:
    """Return the query of a series' readings."""
    query = Query(series.type, of="readings", ids=series.ids, at=series.at, since=series.since, until=series.until)
    if series.where is None:
        return query
    return Query(query.type, query.of, query.ids, series.where, at=query.at, since=query.since, until=query.until)


def _numeric(contract: Contract, name: str, *, counted: bool = False) -> None:
    of = column(contract, name)
    if not counted and of.type not in ("number", "integer"):
        raise Refused(f"{name} of {contract.type} is a {of.type}, not a number", todo="count it, or choose a number")


def _aggregate(name: str, value: sql.Identifier) -> sql.Composed:
    return sql.SQL("{}({})::double precision").format(_FUNCTIONS[name], value)
