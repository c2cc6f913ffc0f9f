"""The types inside a predicate: refuses what PostgreSQL and Polars would read differently."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Literal

from sqlglot import exp

from khue.contract.property import LogicalType

Sort = Literal["number", "string", "boolean", "date", "timestamp", "nothing"]

_SORT: Mapping[LogicalType, Sort] = {
    "integer": "number",
    "number": "number",
    "string": "string",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}
_PARTS = ("YEAR", "MONTH", "DAY", "ISODOW")
_ORDER = (exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between)
_EQUAL = (exp.EQ, exp.NEQ, exp.NullSafeNEQ, exp.NullSafeEQ, exp.In)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul)
_NUMERIC = (exp.Abs, exp.Ceil, exp.Floor, exp.Sign, exp.Neg)
_TEXT = (exp.StartsWith, exp.Substring, exp.Left, exp.Right, exp.Replace, exp.RegexpLike, exp.Like, exp.Length)
_ALIKE = (exp.Greatest, exp.Least, exp.Coalesce, exp.Nullif)
_GIVES_BOOLEAN = (exp.StartsWith, exp.RegexpLike, exp.Like)


class TypeFault(Exception):
    """A part of a predicate that has the wrong type; `what` and `todo` speak to a person."""

    def __init__(self, what: str, todo: str = "") -> None:
        self.what, self.todo = what, todo
        super().__init__(what)


def check_types(tree: exp.Expr, columns: Mapping[str, LogicalType]) -> None:
    """Refuse a predicate that is no condition or mixes types.

    Raises:
        TypeFault: with what is wrong and what would be right.

    """
    _want(tree, "boolean", columns)


def _want(node: exp.Expr, wanted: Sort, columns: Mapping[str, LogicalType]) -> None:
    found = _sort(node, columns)
    if found not in (wanted, "nothing"):
        raise TypeFault(f"“{node.sql('postgres')}” is a {found}, a {wanted} is needed here")


def _sort(node: exp.Expr, columns: Mapping[str, LogicalType]) -> Sort:
    """Return the type of an expression, having checked its parts."""
    if isinstance(node, (exp.Column, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.Cast)):
        return _sort_of_leaf(node, columns)
    if isinstance(node, (exp.And, exp.Or, exp.Not, exp.Is, *_ORDER, *_EQUAL)):
        return _sort_of_condition(node, columns)
    if isinstance(node, exp.Case):
        return _sort_of_case(node, columns)
    return _sort_of_call(node, columns)


def _sort_of_leaf(node: exp.Expr, columns: Mapping[str, LogicalType]) -> Sort:
    if isinstance(node, exp.Column):
        sort = _SORT.get(columns[node.name])
        if sort is None:
            raise TypeFault(f"“{node.name}” is a {columns[node.name]}; a predicate cannot look into it")
        return sort
    if isinstance(node, exp.Literal):
        return "string" if node.is_string else "number"
    if isinstance(node, exp.Boolean):
        return "boolean"
    if isinstance(node, exp.Paren):
        return _sort(node.this, columns)
    return _sort_of_date(node) if isinstance(node, exp.Cast) else "nothing"


def _sort_of_date(node: exp.Cast) -> Sort:
    literal = node.this
    if node.to.sql() != "DATE" or not isinstance(literal, exp.Literal):
        raise TypeFault(f"“{node.sql('postgres')}” converts a type", "Only DATE '2020-12-31' may stand here")
    try:
        date.fromisoformat(literal.name)
    except ValueError:
        raise TypeFault(f"“{literal.name}” is not a date", "Write DATE '2020-12-31'") from None
    return "date"


def _sort_of_condition(node: exp.Expr, columns: Mapping[str, LogicalType]) -> Sort:
    if isinstance(node, (exp.And, exp.Or, exp.Not)):
        for part in node.iter_expressions():
            _want(part, "boolean", columns)
    elif isinstance(node, exp.Is):
        if not isinstance(node.expression, exp.Null):
            raise TypeFault("IS looks only for null", "Write IS NULL or IS NOT NULL; a boolean stands by itself")
        _sort(node.this, columns)
    else:
        _check_comparison(node, columns)
    return "boolean"


def _check_comparison(node: exp.Expr, columns: Mapping[str, LogicalType]) -> None:
    parts = list(node.iter_expressions())
    if any(isinstance(part, exp.Null) for part in parts):
        raise TypeFault("A comparison with NULL is never true", "Write IS NULL or IS NOT NULL")
    if isinstance(node, exp.In) and not node.expressions:
        raise TypeFault("IN needs a list of values", "Write IN ('a', 'b')")
    sort = _same_sort(node, parts, columns)
    if isinstance(node, _ORDER) and sort in ("string", "boolean"):
        raise TypeFault(f"“{node.sql('postgres')}” orders {sort}s", "Order numbers, dates or timestamps only")


def _same_sort(node: exp.Expr, parts: list[exp.Expr], columns: Mapping[str, LogicalType]) -> Sort:
    """Return the one type that all parts have (nulls aside)."""
    sorts: set[Sort] = {_sort(part, columns) for part in parts}
    sorts.discard("nothing")
    if len(sorts) > 1:
        found = " with ".join(sorted(sorts))
        todo = "Write a date as DATE '2020-12-31'" if sorts == {"date", "string"} else "Compare like with like"
        raise TypeFault(f"“{node.sql('postgres')}” mixes {found}", todo)
    return sorts.pop() if sorts else "nothing"


def _sort_of_case(node: exp.Case, columns: Mapping[str, LogicalType]) -> Sort:
    if node.this is not None:
        raise TypeFault("CASE with a value before WHEN is not read", "Write CASE WHEN a = 1 THEN … END")
    results: list[exp.Expr] = []
    for branch in node.args["ifs"]:
        _want(branch.this, "boolean", columns)
        results.append(branch.args["true"])
    if node.args.get("default") is not None:
        results.append(node.args["default"])
    return _same_sort(node, results, columns)


def _sort_of_call(node: exp.Expr, columns: Mapping[str, LogicalType]) -> Sort:
    if isinstance(node, (*_ARITHMETIC, *_NUMERIC)):
        for part in node.iter_expressions():
            _want(part, "number", columns)
        return "number"
    if isinstance(node, _ALIKE):
        if len(list(node.iter_expressions())) < 2:
            raise TypeFault(f"“{node.sql('postgres')}” needs at least two values")
        return _same_sort(node, list(node.iter_expressions()), columns)
    if isinstance(node, exp.Extract):
        return _sort_of_extract(node, columns)
    if isinstance(node, _TEXT):
        return _sort_of_text(node, columns)
    raise TypeFault(f"“{node.sql('postgres')}” cannot stand here")


def _sort_of_extract(node: exp.Extract, columns: Mapping[str, LogicalType]) -> Sort:
    if node.name.upper() not in _PARTS:
        raise TypeFault(f"EXTRACT cannot take {node.name}", "Take " + ", ".join(_PARTS))
    _want(node.expression, "date", columns)
    return "number"


def _sort_of_text(node: exp.Expr, columns: Mapping[str, LogicalType]) -> Sort:
    _want(node.this, "string", columns)
    if isinstance(node, (exp.Like, exp.RegexpLike)):
        _check_pattern(node)
    elif isinstance(node, (exp.Substring, exp.Left, exp.Right)):
        least = 1 if isinstance(node, exp.Substring) else 0
        _check_places([part for part in node.iter_expressions() if part is not node.this], least)
    elif not isinstance(node, exp.Length):
        for part in node.iter_expressions():
            _want(part, "string", columns)
    if isinstance(node, exp.Length):
        return "number"
    return "boolean" if isinstance(node, _GIVES_BOOLEAN) else "string"


def _check_pattern(node: exp.Expr) -> None:
    """Refuse patterns that the two engines read differently."""
    pattern = node.expression
    if not isinstance(pattern, exp.Literal) or not pattern.is_string:
        raise TypeFault("A pattern must be written out as text", "Write LIKE 'a%' or REGEXP_LIKE(t, '^a')")
    if isinstance(node, exp.Like) and "\\" in pattern.name:
        raise TypeFault("A LIKE pattern cannot hold \\", "Use STARTS_WITH or REGEXP_LIKE")
    if isinstance(node, exp.RegexpLike):
        check_regex(pattern.name)


def check_regex(pattern: str) -> None:
    """Refuse a regular expression that Rust, PostgreSQL and Python would not read alike.

    Raises:
        TypeFault: with what would be right.

    """
    if re.search(r"\\[A-Za-z0-9]", pattern) or "(?" in pattern or "[[" in pattern:
        raise TypeFault(f"The pattern “{pattern}” uses \\d, \\w, \\b, (?…) or [[…", "Write [0-9], [A-Za-z] …")
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise TypeFault(f"“{pattern}” is not a regular expression", str(error)) from None


def _check_places(places: list[exp.Expr], least: int) -> None:
    if not places:
        raise TypeFault("SUBSTR needs a place to start from", "Write SUBSTR(t, 1, 2)")
    for place in places:
        if not (isinstance(place, exp.Literal) and place.name.isdecimal() and int(place.name) >= least):
            raise TypeFault(f"“{place.sql()}” must be a whole number from {least}, written out")
        least = 0
