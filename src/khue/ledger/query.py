"""A query → SQL: one builder for every reader.

Names are checked against the contract and quoted, values are parameters. Time travel (`seq` given) probes history
from the ids of state, deleted ones included (docs/ledger-reading.md).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import cos, radians
from typing import Any, LiteralString

from psycopg import sql

from khue.contract.contract import Contract
from khue.contract.errors import Refused
from khue.contract.query import Near, Order, Polygon, Query, Window
from khue.ledger.columns import SYSTEM, Column, all_columns, column, typed
from khue.ledger.filter import condition
from khue.ledger.named_sql import named

Cells = Callable[[Window], Sequence[int] | None]  # None: too many to name

MOST_ROWS = 100_000
EARTH = 6_371_008.8  # mean radius in metres (IUGG)
SYSTEM_ROW = Column("_id", "string")


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with `%s` places and its values, in order."""

    text: sql.Composed
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """The last commit that an answer may hold, where it is not simply the present."""

    seq: int
    at: datetime | None


def no_cells(window: Window) -> None:
    """Name no cells: the window is then compared by its degrees alone."""


class Builder:
    """Makes the SQL of one query; one parameter list, filled in the order of the text."""

    def __init__(self, query: Query, contract: Contract, known: Known | None = None, cells: Cells = no_cells) -> None:
        self.query, self.contract, self.known, self.cells = query, contract, known, cells
        self.names = _selected(query, contract)
        self.travels = known is not None and query.of == "state"
        if not 0 <= query.limit <= MOST_ROWS or query.offset < 0:
            raise Refused(f"A page has 0 to {MOST_ROWS} rows and starts at 0 or later", where="limit, offset")

    def rows(self) -> Statement:
        """Return the statement of the page's rows."""
        values: list[Any] = []
        body = self.relation(values)
        order = self._order()
        values += [self.query.limit, self.query.offset]
        return Statement(sql.SQL("{} order by {} limit %s offset %s").format(body, order), tuple(values))

    def total(self) -> Statement:
        """Return the statement that counts all rows of the query."""
        values: list[Any] = []
        text = sql.SQL("select count(*) as total from ({}) as counted").format(self.relation(values, names=("_id",)))
        return Statement(text, tuple(values))

    def relation(self, values: list[Any], names: tuple[str, ...] | None = None) -> sql.Composed:
        """Return the select without order and limit; its values are appended to `values`."""
        source = self._source(values)
        parts: list[sql.Composable] = []
        if self.query.of != "history":
            parts.append(sql.SQL("not r._deleted"))
        parts += self._keys("r", values)
        if self.query.geometry is not None:
            parts += self._geometry(self.query.geometry, values)
        if self.query.of == "readings":
            parts.append(self._no_later(values))
        parts.append(condition(self.query.where, self.contract, values))
        columns = sql.SQL(", ").join(sql.Identifier("r", name) for name in names or self.names)
        return sql.SQL("select {} from {} where {}").format(columns, source, sql.SQL(" and ").join(parts))

    def _source(self, values: list[Any]) -> sql.Composed:
        if self.query.of != "state":
            return sql.SQL("{} as r").format(sql.Identifier("history", self.contract.type))
        if not self.travels:
            return sql.SQL("{} as r").format(sql.Identifier("state", self.contract.type))
        return self._state_then(values)

    def _state_then(self, values: list[Any]) -> sql.Composed:
        measure = self.contract.kind == "measure"
        latest = "h._observed_at desc, h._seq desc, h._record desc" if measure else "h._seq desc, h._record desc"
        columns = [*all_columns(self.contract), "_cell", *self._folded()]
        text = sql.SQL(
            "{state} as s cross join lateral (select {columns} from {history} as h"
            " where h._id = s._id and {known} and {stands} order by {latest} limit 1) as r"
        )
        return text.format(
            state=sql.Identifier("state", self.contract.type),
            history=sql.Identifier("history", self.contract.type),
            columns=sql.SQL(", ").join(sql.Identifier("h", name) for name in columns),
            known=self._known("h", values),
            stands=self._stands("h", values) if measure else sql.SQL("true"),
            latest=sql.SQL(latest),
        )

    def _stands(self, alias: str, values: list[Any]) -> sql.Composed:
        """Return the condition that a version of a measure was not taken back, as far as was known."""
        return named("reading_stands").format(
            history=sql.Identifier("history", self.contract.type),
            table=sql.Identifier(alias),
            known=self._known("w", values),
        )

    def _id(self, alias: str = "r") -> sql.Identifier:
        """Return the id's column; in time travel state's, whose index gives the ids and their order."""
        return sql.Identifier("s" if self.travels else alias, "_id")

    def _folded(self) -> list[str]:
        return [f"{prop.name}__folded" for prop in self.contract.properties if prop.folded]

    def _known(self, alias: str, values: list[Any]) -> sql.Composable:
        if self.known is None:
            return sql.SQL("true")
        values += [self.known.seq, self.known.at]
        # The time says nothing more than the seq, but it is what partitions are cut by.
        return sql.SQL("{0}._seq <= %s::bigint and {0}._recorded_at <= %s::timestamptz").format(sql.Identifier(alias))

    def _keys(self, alias: str, values: list[Any]) -> list[sql.Composable]:
        """Limit ids, observed time and what was known: the same for a row and for the versions after it."""
        name = sql.Identifier(alias)
        parts: list[sql.Composable] = []
        if self.query.of != "state":
            parts.append(self._known(alias, values))
        if self.query.ids is not None:
            parts.append(sql.SQL("{} = any(%s::text[])").format(self._id(alias)))
            values.append([typed(SYSTEM_ROW, one) for one in self.query.ids])
        limits: tuple[tuple[LiteralString, datetime | None], ...] = ((">=", self.query.since), ("<", self.query.until))
        for word, moment in limits:
            if moment is not None:
                parts.append(sql.SQL("{}._observed_at {} %s::timestamptz").format(name, sql.SQL(word)))
                values.append(moment)
        return parts

    def _no_later(self, values: list[Any]) -> sql.Composed:
        same_time = " and n._observed_at = r._observed_at" if self.contract.observed_at else ""
        keys = sql.SQL(" and ").join([*self._keys("n", values)] or [sql.SQL("true")])
        return sql.SQL(
            "not exists (select from {} as n"
            " where n._id = r._id{} and {} and (n._seq, n._record) > (r._seq, r._record))"
        ).format(sql.Identifier("history", self.contract.type), sql.SQL(same_time), keys)

    def _geometry(self, shape: Window | Near | Polygon, values: list[Any]) -> list[sql.Composable]:
        window = bounds(shape)
        parts: list[sql.Composable] = []
        cells = self.cells(window)
        if cells is not None:
            parts.append(sql.SQL("r._cell = any(%s::bigint[])"))
            values.append(list(cells))
        parts.append(sql.SQL("r._x between %s and %s and r._y between %s and %s"))
        values += [window.west, window.east, window.south, window.north]
        if isinstance(shape, Near):
            parts.append(
                sql.SQL(
                    "2 * %s * asin(least(1, sqrt(sin(radians(r._y - %s) / 2) ^ 2 +"
                    " cos(radians(%s)) * cos(radians(r._y)) * sin(radians(r._x - %s) / 2) ^ 2))) <= %s"
                )
            )
            values += [EARTH, shape.latitude, shape.latitude, shape.longitude, shape.metres]
        if isinstance(shape, Polygon):
            parts.append(sql.SQL("%s::polygon @> point(r._x, r._y)"))
            values.append("(" + ",".join(f"({x!r},{y!r})" for x, y in shape.ring) + ")")
        return parts

    def _order(self) -> sql.Composed:
        # A page of a time range goes by observed time: its index gives the range and the order at once.
        ranged = self.query.of == "history" and (self.query.since or self.query.until)
        asked = self.query.order or _DEFAULT["readings" if ranged else self.query.of]
        ties = ("_id",) if self.query.of == "state" else ("_id", "_observed_at", "_seq", "_record")
        named = {one.property for one in asked}
        rest = [self._term(Order(tie)) for tie in ties if tie not in named]
        return sql.SQL(", ").join([self._term(one) for one in asked] + rest)

    def _term(self, one: Order) -> sql.Composed:
        of = column(self.contract, one.property)
        if of.type in ("object", "array", "texts"):
            raise Refused(f"{one.property} has no order", where="order")
        # An index gives nulls first when read backward; only say otherwise where there are nulls.
        word = " desc nulls last" if one.descending and of.nullable else " desc" if one.descending else ""
        name = self._id() if of.name == "_id" else sql.Identifier("r", of.name)
        return sql.SQL("{}{}").format(name, sql.SQL(word))


_DEFAULT = {
    "state": (Order("_id"),),
    "readings": (Order("_observed_at", descending=True),),
    "history": (Order("_seq", descending=True), Order("_record", descending=True)),
}


def bounds(shape: Window | Near | Polygon) -> Window:
    """Return the smallest window that holds a shape."""
    if isinstance(shape, Window):
        return shape
    if isinstance(shape, Near):
        return around(shape)
    if len(shape.ring) < 3:
        raise Refused("A polygon has three points or more", where="coordinates")
    xs, ys = zip(*shape.ring, strict=True)
    return Window(min(xs), min(ys), max(xs), max(ys))


def around(circle: Near) -> Window:
    """Return the smallest window that holds a circle, cut at the poles and the date line."""
    if not 0 <= circle.metres <= EARTH * 4:
        raise Refused("A distance is 0 metres or more", where="metres")
    up = circle.metres / EARTH * 180 / 3.141592653589793
    widest = max(abs(circle.latitude - up), abs(circle.latitude + up))
    sideways = 180.0 if widest >= 89.9 else min(180.0, up / cos(radians(widest)))
    return Window(
        max(-180.0, circle.longitude - sideways),
        max(-90.0, circle.latitude - up),
        min(180.0, circle.longitude + sideways),
        min(90.0, circle.latitude + up),
    )


def _selected(query: Query, contract: Contract) -> tuple[str, ...]:
    if query.properties is None:
        return all_columns(contract)
    asked = dict.fromkeys(column(contract, name).name for name in query.properties)
    return tuple(dict.fromkeys([*SYSTEM, *asked]))
