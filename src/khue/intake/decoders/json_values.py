"""JSON values to columns of text or numbers, the same whatever else is in the batch."""

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import orjson
import polars as pl

MAX_DEPTH = 64
_SAFE = 1 << 53
_FLOATS, _TEXTS = {float, type(None)}, {str, type(None)}
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_NO_BRACKETS = bytes(code for code in range(256) if code not in b'[]{}"')
_STEPS = np.zeros(256, dtype=np.int8)
_STEPS[list(b"[{")] = 1
_STEPS[list(b"]}")] = -1


def too_deep(content: bytes) -> bool:
    """Whether brackets outside strings nest deeper than MAX_DEPTH; measured only where there are that many."""
    return content.count(b"[") + content.count(b"{") > MAX_DEPTH and _depth(content) > MAX_DEPTH


def _depth(content: bytes) -> int:
    """Return how deep the brackets outside strings nest; in bulk, because every body of many records comes here."""
    plain = _ESCAPE.sub(b"", content) if b"\\" in content else content
    marks = plain.translate(None, _NO_BRACKETS)
    outside = marks.replace(b'""', b"")  # strings without brackets, which most are
    if b'"' in outside:
        outside = b"".join(marks.split(b'"')[0::2])
    steps = _STEPS[np.frombuffer(outside, dtype=np.uint8)]
    return int(steps.cumsum(dtype=np.int32).max(initial=0))


def as_text(value: Any) -> str | None:  # noqa: ANN401  whatever JSON holds
    """Return a JSON value as text.

    A number never looks like one with thousands separators ("12.345" becomes "12.3450"), so that it is read the same
    in every convention of numbers.
    """
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case float():
            text = repr(value)
            whole, dot, decimals = text.partition(".")
            return f"{whole}.{decimals}0" if dot and len(decimals) == 3 else text
        case int():
            return str(value)
        case _:
            return orjson.dumps(value).decode()


def column(name: str, values: list[Any], *, numeric: bool) -> pl.Series:
    """Return values as Float64 where they are all numbers and the property is numeric, else as text."""
    kinds = {*map(type, values)}
    if numeric and kinds <= _FLOATS:
        found = pl.Series(name, values, dtype=pl.Float64)
        if found.is_finite().all():
            return found
    if kinds <= _TEXTS:
        return pl.Series(name, values, dtype=pl.String)
    if numeric and all(_is_number(value) for value in values):
        return pl.Series(name, [None if value is None else float(value) for value in values], dtype=pl.Float64)
    return pl.Series(name, [as_text(value) for value in values], dtype=pl.String)


def _is_number(value: Any) -> bool:  # noqa: ANN401  whatever JSON holds
    if value is None or type(value) is float:
        return value is None or math.isfinite(value)
    return type(value) is int and -_SAFE <= value <= _SAFE


def columns(records: Sequence[Mapping[str, Any]], numbers: Collection[str]) -> list[pl.Series]:
    """Return a column for each key of the records, in the order in which keys come first."""
    keys = dict.fromkeys(key for record in records for key in record)
    return [column(key, [record.get(key) for record in records], numeric=key in numbers) for key in keys]


def own_names(keys: Iterable[str]) -> dict[str, str]:
    """Return new names for keys that would meet the decoder's own columns (those that begin with "_")."""
    return {key: f"·{key}" for key in keys if key.startswith("_")}
