"""A filter tree → an SQL condition with parameters: names from the contract, values as parameters, never as text."""

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, LiteralString

from psycopg import sql

from khue.contract.contract import Contract
from khue.contract.errors import Refused
from khue.contract.query import All, Any_, Comparison, Filter, Not
from khue.ledger.columns import Column, column, typed

DEEPEST = 40
MOST_VALUES = 10_000
RANGES = frozenset({"<", "<=", ">", ">=", "between"})

Parameters = list[Any]


def condition(part: Filter, contract: Contract, parameters: Parameters, depth: int = 0) -> sql.Composable:
    """Return the condition of a filter over the columns of alias `r`; its values are appended to `parameters`."""
    if depth > DEEPEST:
        raise Refused("The filter is nested too deeply", why=f"at most {DEEPEST} levels are read")
    match part:
        case Comparison():
            return _comparison(part, contract, parameters)
        case All(parts):
            inner = [condition(one, contract, parameters, depth + 1) for one in parts]
            return _joined(inner, " and ", "true")
        case Any_(parts):
            inner = [condition(one, contract, parameters, depth + 1) for one in parts]
            return _joined(inner, " or ", "false")
        case Not(inside):
            return sql.SQL("not coalesce({}, false)").format(condition(inside, contract, parameters, depth + 1))


def fold(text: str) -> str:
    """Return text as folded columns keep it: small letters, without diacritics, one space between words.

    The twin of `khue.clean`'s normaliser `fold`, for a word instead of a column; a test compares them.
    """
    plain = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return " ".join(plain.lower().replace("đ", "d").replace("ð", "d").split())


def escaped(text: str) -> str:
    """Return text so that LIKE finds it as it is written."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _joined(parts: list[sql.Composable], word: LiteralString, empty: LiteralString) -> sql.Composable:
    return sql.SQL("({})").format(sql.SQL(word).join(parts)) if parts else sql.SQL(empty)


def _comparison(part: Comparison, contract: Contract, parameters: Parameters) -> sql.Composable:
    of = column(contract, part.property)
    name = sql.Identifier("r", of.name)
    if part.operator in ("is null", "is not null"):
        return sql.SQL("{} " + part.operator).format(name)
    if part.value is None:
        raise Refused("A comparison with nothing", where=of.name, todo="ask with “is null” or “is not null”")
    if of.type == "boolean" and part.operator in RANGES:
        raise Refused(f"True and false have no order ({part.operator})", where=of.name)
    return _WRITE.get(part.operator, _simple)(part, of, name, parameters)


def _value(of: Column, parameters: Parameters, value: object, *, many: bool = False) -> sql.Composable:
    parameters.append(value)
    return sql.SQL("%s::{}").format(sql.SQL(of.sql_type + ("[]" if many else "")))


def _simple(part: Comparison, of: Column, name: sql.Composable, parameters: Parameters) -> sql.Composable:
    if of.type == "texts":
        if part.operator not in ("=", "!="):
            raise Refused(f"{of.name} is a list of names", todo="use “=”, “!=” or “contains”")
        held = _contains(part, of, name, parameters)
        return held if part.operator == "=" else sql.SQL("not {}").format(held)
    operator = "<>" if part.operator == "!=" else part.operator
    return sql.SQL("{} {} {}").format(name, sql.SQL(operator), _value(of, parameters, typed(of, part.value)))


def _in(part: Comparison, of: Column, name: sql.Composable, parameters: Parameters) -> sql.Composable:
    values = [typed(of, value) for value in _several(part, of)]
    word = sql.SQL("&&" if of.type == "texts" else "= any")
    return sql.SQL("{} {}({})").format(name, word, _value(of, parameters, values, many=True))


def _between(part: Comparison, of: Column, name: sql.Composable, parameters: Parameters) -> sql.Composable:
    ends = _several(part, of)
    if len(ends) != 2 or of.type == "texts":
        raise Refused("“between” needs two values of a simple property", where=of.name)
    low, high = (_value(of, parameters, typed(of, end)) for end in ends)
    return sql.SQL("{} between {} and {}").format(name, low, high)


def _like(part: Comparison, of: Column, name: sql.Composable, parameters: Parameters) -> sql.Composable:
    _only_text(part, of)
    pattern = typed(of, part.value)
    if (len(pattern) - len(pattern.rstrip("\\"))) % 2:
        raise Refused("The pattern ends in an escape sign", where=of.name, todo="double the last \\")
    return sql.SQL("{} like {}").format(name, _value(of, parameters, pattern))


def _contains(part: Comparison, of: Column, name: sql.Composable, parameters: Parameters) -> sql.Composable:
    if of.type == "texts":
        return sql.SQL("coalesce({} = any({}), false)").format(_value(of, parameters, typed(of, part.value)), name)
    _only_text(part, of)
    words = typed(of, part.value)
    if of.folded:
        found = _value(of, parameters, f"%{escaped(fold(words))}%")
        return sql.SQL("{} like {}").format(sql.Identifier("r", of.folded), found)
    return sql.SQL("{} ilike {}").format(name, _value(of, parameters, f"%{escaped(words)}%"))


def _only_text(part: Comparison, of: Column) -> None:
    if of.type != "string":
        raise Refused(f"“{part.operator}” looks into text, and {of.name} is a {of.type}", where=of.name)


def _several(part: Comparison, of: Column) -> list[Any]:
    if isinstance(part.value, str | bytes) or not hasattr(part.value, "__iter__"):
        raise Refused(f"“{part.operator}” needs a list of values", where=of.name)
    values = list(part.value)
    if len(values) > MOST_VALUES:
        raise Refused(
            f"“{part.operator}” has {len(values)} values", where=of.name, why=f"at most {MOST_VALUES} are read"
        )
    return values


_WRITE: Mapping[str, Callable[[Comparison, Column, sql.Composable, Parameters], sql.Composable]] = {
    "in": _in,
    "between": _between,
    "like": _like,
    "contains": _contains,
}
