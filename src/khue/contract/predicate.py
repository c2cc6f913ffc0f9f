"""A predicate: one SQL condition over a row, in the dialect that Polars and PostgreSQL read alike.

Only what `FUNCTIONS` and `OPERATORS` list may be used, with the types that they name; tests/clean proves for each that
both engines answer the same, nulls and Vietnamese text included. True or null means that the row passes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from khue.contract.errors import ContractError
from khue.contract.predicate_types import TypeFault, check_types
from khue.contract.property import LogicalType

LONGEST = 4000  # characters; a longer condition is no rule that a person can check
DEEPEST = 40  # nested expressions


@dataclass(frozen=True, slots=True)
class Function:
    """One function that a predicate may call; `example` is a boolean use over the columns of `EXAMPLE_COLUMNS`."""

    name: str
    least: int
    most: int
    example: str
    note: str = ""


EXAMPLE_COLUMNS: Mapping[str, LogicalType] = {
    "n": "number",
    "m": "number",
    "i": "integer",
    "t": "string",
    "b": "boolean",
    "o": "date",
}

# LOWER, UPPER, TRIM, STRPOS, ROUND, SQRT, MOD and time zones are left out because the two engines differ on them.
FUNCTIONS: Mapping[str, Function] = {
    function.name: function
    for function in (
        Function("ABS", 1, 1, "ABS(n) > 1"),
        Function("CEIL", 1, 1, "CEIL(n) = 2"),
        Function("FLOOR", 1, 1, "FLOOR(n) = -3"),
        Function("SIGN", 1, 1, "SIGN(n) = 1"),
        Function("GREATEST", 2, 8, "GREATEST(n, m) > 1", "nulls are passed over"),
        Function("LEAST", 2, 8, "LEAST(n, m) < 1", "nulls are passed over"),
        Function("COALESCE", 2, 8, "COALESCE(n, m, 0) >= 0"),
        Function("NULLIF", 2, 2, "NULLIF(n, 0.5) IS NULL"),
        Function("LENGTH", 1, 1, "LENGTH(t) = 6", "in characters"),
        Function("STARTS_WITH", 2, 2, "STARTS_WITH(t, 'Hà')"),
        Function("SUBSTR", 2, 3, "SUBSTR(t, 2, 3) = 'à N'", "places are whole numbers from 1"),
        Function("LEFT", 2, 2, "LEFT(t, 2) = 'Hà'", "the count is a whole number from 0"),
        Function("RIGHT", 2, 2, "RIGHT(t, 3) = 'Nội'", "the count is a whole number from 0"),
        Function("REPLACE", 3, 3, "REPLACE(t, ' ', '') = 'HàNội'"),
        Function("REGEXP_LIKE", 2, 2, "REGEXP_LIKE(t, '^H.*[0-9i]$')", "no \\d, \\w, \\b, (?…); write [0-9]"),
        Function("EXTRACT", 1, 1, "EXTRACT(YEAR FROM o) = 2021", "YEAR, MONTH, DAY, ISODOW of a date"),
    )
}

# Each operator with a boolean use over EXAMPLE_COLUMNS.
OPERATORS: Mapping[str, str] = {
    "=": "n = m",
    "<>": "n <> m",
    "<": "n < m",
    "<=": "n <= m",
    ">": "n > m",
    ">=": "o >= DATE '2020-01-01'",
    "+": "n + m > 1",
    "-": "n - m > 1",
    "*": "n * m > 1",
    "minus": "-n > 1",
    "AND": "n > 0 AND m > 0",
    "OR": "n > 0 OR m > 0",
    "NOT": "NOT (n > m)",
    "BETWEEN": "n BETWEEN 0 AND 2",
    "NOT BETWEEN": "n NOT BETWEEN 0 AND 2",
    "IN": "t IN ('Hà Nội', 'Huế')",
    "NOT IN": "i NOT IN (1, 2)",
    "LIKE": "t LIKE 'H_ N%'",
    "NOT LIKE": "t NOT LIKE '%Nội'",
    "IS NULL": "n IS NULL",
    "IS NOT NULL": "n IS NOT NULL",
    "IS DISTINCT FROM": "n IS DISTINCT FROM m",
    "CASE": "CASE WHEN n > 1 THEN m > 1 ELSE b END",
    "DATE": "o < DATE '2021-10-31'",
}

_NODES: tuple[type[exp.Expr], ...] = (
    *(exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.Var, exp.DataType, exp.Cast),
    *(exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeNEQ, exp.NullSafeEQ, exp.Is, exp.In, exp.Between),
    *(exp.And, exp.Or, exp.Not, exp.Like, exp.Case, exp.If, exp.Add, exp.Sub, exp.Mul, exp.Neg),
    *(exp.Abs, exp.Ceil, exp.Floor, exp.Sign, exp.Greatest, exp.Least, exp.Coalesce, exp.Nullif, exp.Length),
    *(exp.StartsWith, exp.Substring, exp.Left, exp.Right, exp.Replace, exp.RegexpLike, exp.Extract),
)
_BEFORE_PARENTHESIS = frozenset({"AND", "OR", "NOT", "IN", "WHEN", "THEN", "ELSE", "CASE", "BETWEEN", "FROM", "LIKE"})
_NEVER: Mapping[str, str] = {
    "::": "The property's logical type is its type",
    "~": "Write REGEXP_LIKE(t, '…')",
    "SYMMETRIC": "Write the smaller bound first",
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Predicate:
    """A condition that may be given to Polars and PostgreSQL as it is; `columns` are those that it reads."""

    sql: str
    columns: frozenset[str]


def read_predicate(sql: str, columns: Mapping[str, LogicalType], where: str = "") -> Predicate:
    """Read a condition over `columns` (name → logical type).

    Raises:
        ContractError: at `where`, if the text is no single condition or uses what is not listed.

    """
    text = sql.strip()
    if len(text) > LONGEST:
        raise ContractError(f"The condition has {len(text)} characters, at most {LONGEST} are read", where=where)
    _check_names(text, where)
    tree = _parse(text, where)
    _check_nodes(tree, where)
    used = _columns(tree, columns, where)
    try:
        check_types(tree, columns)
    except TypeFault as fault:
        raise ContractError(fault.what, where=where, why=f"In the condition “{text}”", todo=fault.todo) from None
    return Predicate(text, used)


def _parse(text: str, where: str) -> exp.Expr:
    """Return the one expression that the text is."""
    try:
        trees = sqlglot.parse(text, read="postgres")
    except (SqlglotError, RecursionError) as error:
        why = str(error).splitlines()[0]
        raise ContractError(f"“{text}” is not a SQL condition", where=where, why=why) from None
    if len(trees) != 1 or trees[0] is None:
        raise ContractError(f"“{text}” must be exactly one condition", where=where, todo="Write one, without “;”")
    return trees[0]


def _check_names(text: str, where: str) -> None:
    """Refuse functions by the name as written: the parser takes many names for one function."""
    try:
        tokens = sqlglot.tokenize(text, read="postgres")
    except (SqlglotError, RecursionError) as error:
        raise ContractError(f"“{text}” is not a SQL condition", where=where, why=str(error)) from None
    if sum(token.token_type == TokenType.L_PAREN for token in tokens) > DEEPEST * 4:
        raise ContractError("The condition has too many parentheses", where=where, todo="Write it as several checks")
    for token, following in pairwise(tokens):
        if following.token_type == TokenType.L_PAREN and _is_call(token):
            raise _unknown_function(token.text, where)
        if token.text.upper() in _NEVER:
            raise ContractError(f"A predicate cannot use “{token.text}”", where=where, todo=_NEVER[token.text.upper()])
    if any(token.comments for token in tokens):
        raise ContractError("A predicate holds no comment", where=where, todo="Put it into the description")


def _is_call(token: Token) -> bool:
    """Whether a token before a parenthesis calls a function that is not listed."""
    if token.token_type in (TokenType.STRING, TokenType.NUMBER) or not _NAME.fullmatch(token.text):
        return False
    return token.text.upper() not in FUNCTIONS and token.text.upper() not in _BEFORE_PARENTHESIS


def _unknown_function(name: str, where: str) -> ContractError:
    """Return the error for a function that is not in the table."""
    near = get_close_matches(name.upper(), FUNCTIONS, 1)
    todo = f"Did you mean {near[0]}?" if near else "Use " + ", ".join(FUNCTIONS)
    why = "Only functions that give the same in Polars and PostgreSQL may stand in a predicate"
    return ContractError(f"The function {name} is not known here", where=where, why=why, todo=todo)


def _check_nodes(tree: exp.Expr, where: str) -> None:
    """Refuse every construct that is not listed."""
    for node in tree.walk():
        if node.depth > DEEPEST:
            raise ContractError("The condition is nested too deeply", where=where, todo="Write it as several checks")
        if not isinstance(node, _NODES):
            name = type(node).__name__
            raise ContractError(
                f"A predicate cannot use {name}: “{node.sql('postgres')}”",
                where=where,
                why="It is not in the list of operators that give the same in Polars and PostgreSQL",
                todo="Use " + ", ".join(OPERATORS),
            )
        if isinstance(node, exp.Column) and node.table:
            raise ContractError(f"“{node.sql()}” names a table", where=where, todo="Write the property alone")


def _columns(tree: exp.Expr, columns: Mapping[str, LogicalType], where: str) -> frozenset[str]:
    """Return the names of the columns used; all must be properties."""
    used = frozenset(column.name for column in tree.find_all(exp.Column))
    for name in sorted(used - set(columns)):
        near = get_close_matches(name, columns, 1)
        todo = f"Did you mean {near[0]}?" if near else "The properties are " + ", ".join(columns)
        raise ContractError(f"“{name}” is not a property of this type", where=where, todo=todo)
    if not used:
        raise ContractError("The condition looks at no property", where=where, todo="Name at least one")
    return used
