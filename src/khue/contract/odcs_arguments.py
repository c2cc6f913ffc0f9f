"""Reads the arguments of a check: which each kind has, and what they may be."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from khue.contract.duration import read_seconds
from khue.contract.predicate import read_predicate
from khue.contract.predicate_types import TypeFault, check_regex
from khue.contract.property import LogicalType
from khue.contract.yaml_lines import Node

Columns = Mapping[str, LogicalType]


def _number(node: Node) -> float:
    return node.number()


def _positive(node: Node) -> float:
    if node.number() <= 0:
        raise node.wrong(f"{node.value} must be greater than 0")
    return node.number()


def _count(node: Node) -> int:
    if not isinstance(node.value, int) or isinstance(node.value, bool) or node.value < 0:
        raise node.wrong(f"“{node.value}” is not a whole number from 0")
    return node.value


def _values(node: Node) -> list[Any]:
    values = [item.plain() for item in node.items()]
    if not values or any(value is None or isinstance(value, (list, dict)) for value in values):
        raise node.wrong("An enumeration needs at least one value, each written out", todo="Write values: [a, b]")
    if len({str(value) for value in values}) != len(values):
        raise node.wrong("A value stands twice in the enumeration")
    return values


def _pattern(node: Node) -> str:
    try:
        check_regex(node.text())
    except TypeFault as fault:
        raise node.wrong(fault.what, todo=fault.todo) from None
    return node.text()


def _text(node: Node) -> str:
    return node.text()


def _properties(node: Node) -> list[str]:
    return list(node.texts())


Reader = Callable[[Node], Any]
_NEEDED: Mapping[str, Mapping[str, Reader]] = {
    "required": {},
    "type": {},
    "enumeration": {"values": _values},
    "range": {},
    "length": {},
    "pattern": {"pattern": _pattern},
    "reference": {"type": _text, "property": _text},
    "unit": {"unit": _text},
    "unique": {"properties": _properties},
    "repeated": {},
    "spike": {"minimum": _number, "factor": _positive, "within": read_seconds},
    "neighbours": {"minimum": _number, "factor": _positive, "least": _count},
    "gap": {"every": read_seconds},
    "late": {"after": read_seconds},
}
_LENGTHS: Mapping[str, Reader] = {"minLength": _count, "maxLength": _count}
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


def read_arguments(kind: str, node: Node, logical_type: LogicalType | None, columns: Columns) -> Mapping[str, Any]:
    """Return the arguments of a check of `kind`; a predicate's text stands for itself.

    Raises:
        ContractError: with file and line.

    """
    if kind == "predicate":
        return {"sql": read_predicate(node.text(), columns, node.where).sql}
    if kind == "range":
        return _some_of(kind, node, dict.fromkeys(_BOUNDS, _bound_reader(node, logical_type)))
    if kind == "length":
        return _some_of(kind, node, _LENGTHS)
    readers = _NEEDED[kind]
    node.mapping(known=readers)
    return {name: read(node.need(name)) for name, read in readers.items()}


def _some_of(kind: str, node: Node, readers: Mapping[str, Reader]) -> Mapping[str, Any]:
    given = node.mapping(known=readers)
    if not given:
        raise node.wrong(f"A {kind} needs a bound", todo="Write one of " + ", ".join(readers))
    found = {name: readers[name](value) for name, value in given.items()}
    for low, high in (("minimum", "maximum"), ("minLength", "maxLength")):
        if low in found and high in found and found[low] > found[high]:
            raise node.wrong(f"{low} {found[low]} is greater than {high} {found[high]}: nothing could pass")
    return found


def _bound_reader(node: Node, logical_type: LogicalType | None) -> Reader:
    """Return the reader for bounds of a property's type: numbers, dates, or timestamps in UTC."""
    if logical_type in ("number", "integer"):
        return _number
    if logical_type in ("date", "timestamp"):
        return _day if logical_type == "date" else _moment
    raise node.wrong(f"A {logical_type or 'record'} has no range", todo="Only numbers, dates and timestamps have one")


def _moment(node: Node) -> datetime:
    """Return an ISO timestamp; without a zone it is UTC."""
    try:
        moment = node.value if isinstance(node.value, date) else datetime.fromisoformat(node.text())
    except ValueError:
        raise node.wrong(f"“{node.value}” is not an ISO date or timestamp", todo="Write '2000-01-01'") from None
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _day(node: Node) -> date:
    return _moment(node).date()
