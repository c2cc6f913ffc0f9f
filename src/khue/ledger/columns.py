"""What a reader may name: the properties of a contract and the system columns, each with its type."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from math import isfinite
from typing import Any, Literal, LiteralString, cast

from khue.contract.contract import Contract
from khue.contract.errors import Refused
from khue.contract.property import SQL_TYPE, LogicalType

ColumnType = LogicalType | Literal["texts"]

SYSTEM: Mapping[str, ColumnType] = {
    "_id": "string",
    "_area": "string",
    "_agency": "string",
    "_visible_to": "texts",
    "_observed_at": "timestamp",
    "_recorded_at": "timestamp",
    "_seq": "integer",
    "_record": "integer",
    "_x": "number",
    "_y": "number",
    "_quality": "number",
    "_flags": "texts",
    "_held": "texts",
    "_extra": "object",
    "_deleted": "boolean",
}
NEVER_NULL = frozenset({"_id", "_recorded_at", "_seq", "_record", "_deleted"})
BIGINT = 2**63


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a type: its name in SQL, its type, and where it is kept without diacritics."""

    name: str
    type: ColumnType
    folded: str | None = None
    nullable: bool = True

    @property
    def sql_type(self) -> LiteralString:
        """Return the PostgreSQL type of a value that is compared with the column."""
        return "text" if self.type == "texts" else cast("LiteralString", SQL_TYPE[self.type])


def column(contract: Contract, name: str) -> Column:
    """Return the column that `name` means, or refuse with the names that exist."""
    if name in SYSTEM:
        never_null = name in NEVER_NULL or (name == "_observed_at" and contract.kind == "measure")
        return Column(name, SYSTEM[name], nullable=not never_null)
    prop = contract.by_name.get(name)
    if prop is None:
        known = ", ".join(contract.by_name) or "none; the type is a draft"
        raise Refused(f"{contract.type} has no property {name!r}", why=f"its properties are: {known}")
    return Column(prop.name, prop.logical_type, f"{prop.name}__folded" if prop.folded else None)


def all_columns(contract: Contract) -> tuple[str, ...]:
    """Return every name that a row of the type has, system columns first."""
    return (*SYSTEM, *contract.by_name)


def typed(of: Column, value: object) -> Any:  # noqa: ANN401  as psycopg takes it
    """Return `value` (text or already typed) as the column's type, or refuse."""
    try:
        return _READ[of.type](value)
    except (ValueError, TypeError, OverflowError) as error:
        raise Refused(
            f"{value!r} is no {of.type}", where=of.name, why=str(error), todo=f"give {of.name} a value of its type"
        ) from error


def _text(value: object) -> str:
    text = value if isinstance(value, str) else str(value)
    if "\x00" in text:
        raise ValueError("text holds a NUL character")
    text.encode()  # a lone surrogate is no text for PostgreSQL
    return text


def _number(value: object) -> float:
    number = float(value if isinstance(value, int | float) else str(value))
    if not isfinite(number):
        raise ValueError("only finite numbers can be compared")
    return number


def _integer(value: object) -> int:
    if isinstance(value, float) and not value.is_integer():
        raise ValueError("a whole number is needed")
    number = int(value if isinstance(value, int | float) else str(value))
    if not -BIGINT <= number < BIGINT:
        raise ValueError("the number is beyond 64 bits")
    return number


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    words = {"true": True, "1": True, "false": False, "0": False}
    if str(value).lower() not in words:
        raise ValueError("say true or false")
    return words[str(value).lower()]


def _date(value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _timestamp(value: object) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    if moment.tzinfo is None:
        raise ValueError("the time has no zone; end it with Z or +07:00")
    return moment.astimezone(UTC)


def _document(value: object) -> None:
    raise ValueError(f"objects and lists cannot be compared with {value!r}; ask whether they are there")


_READ = {
    "string": _text,
    "texts": _text,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
    "object": _document,
    "array": _document,
}
