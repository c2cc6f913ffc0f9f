"""The id of an entity: `urn:ngsi-ld:<entity type>:<key>`, made from the contract's template.

Letters and digits of every language stay (composed, NFC); spaces become "-"; every other sign of ASCII that may not
stand in a URI's path becomes %XX. The same values give the same id through every door.
"""

from string import Formatter
from urllib.parse import quote

import polars as pl

from khue.clean.distinct import by_distinct
from khue.clean.normalisers.staged import staged
from khue.contract.contract import Contract

LONGEST = 1000  # bytes; PostgreSQL's index takes no more than 2,700
_SAFE = "-._~:,@"
_SIGNS = [chr(code) for code in range(128) if not chr(code).isalnum() and chr(code) not in _SAFE]
_UNSAFE = {sign: quote(sign, safe="") for sign in _SIGNS} | {" ": "-"}


def key_properties(template: str) -> tuple[str, ...]:
    """Return the names in a key template, in order."""
    return tuple(name for _, name, _, _ in Formatter().parse(template) if name)


def entity_id(contract: Contract, columns: dict[str, pl.DataType]) -> pl.Expr:
    """Return the id as an expression over the typed columns; null where a value of the key is missing."""
    parts: list[pl.Expr] = [pl.lit(f"urn:ngsi-ld:{contract.entity_type}:")]
    for literal, name, _, _ in Formatter().parse(contract.key):
        if literal:
            parts.append(pl.lit(literal))
        if name:
            parts.append(safe(_as_text(name, columns.get(name))))
    return pl.concat_str(parts)


def _as_text(name: str, dtype: pl.DataType | None) -> pl.Expr:
    if dtype is None:
        return pl.lit(None, pl.String)
    if isinstance(dtype, pl.Datetime):
        return pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")
    return pl.col(name).cast(pl.String)


def safe(text: pl.Expr) -> pl.Expr:
    """Return text that can stand in an id."""
    return staged(text, lambda column: by_distinct(column, _safe), pl.String())


def _safe(column: pl.Series) -> pl.Series:
    return column.str.replace_many(list(_UNSAFE), list(_UNSAFE.values()))


def usable(made: pl.Expr) -> pl.Expr:
    """Return whether an id can be kept: there, not too long, without control characters."""
    return made.is_not_null() & (made.str.len_bytes() <= LONGEST) & ~made.str.contains(r"[\x00-\x1f]")
