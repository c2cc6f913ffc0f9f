"""A reader: how one property's column becomes typed values.

`attempts` are tried in order, each on what the ones before could not read; the last is the whole truth. So a column
of ordinary values costs one native expression, and the hard cases cost what they cost.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from khue.clean import registry
from khue.clean.ask import SMALL, ask
from khue.clean.normalisers.entry import Entry, Expression, Options
from khue.clean.normalisers.text import clean_text
from khue.clean.typed import read_typed
from khue.contract.property import Property

Step = Callable[[pl.Expr], pl.Expr]
_DONE_ANYWAY = frozenset({"text", "whitespace", "nfc"})


@dataclass(frozen=True, slots=True)
class Reader:
    """`present` tells a value that cannot be read from one that was never there."""

    attempts: tuple[pl.Expr, ...]
    present: pl.Expr


@dataclass(frozen=True, slots=True)
class Column:
    """What a reader made of a column: typed values, and the rows that hold something unreadable (None = no row)."""

    values: pl.Series
    unread: pl.Series | None


def reader_of(prop: Property, dtype: pl.DataType, source: Options) -> Reader:
    """Return the reader of a property for a column of `dtype` under the source's options."""
    raw = pl.col(prop.name)
    if dtype == pl.Null:
        raw, dtype = raw.cast(pl.String), pl.String()
    if dtype != pl.String:
        return Reader((read_typed(raw, dtype, prop.logical_type, source),), raw.is_not_null())
    chain: list[tuple[Entry, Options]] = [
        (registry.entry(order.name), {**source, **order.options}) for order in prop.normalise
    ]
    texts = [(entry, options) for entry, options in chain if entry.makes == "text" and entry.name not in _DONE_ANYWAY]
    lines: Mapping[str, Any] = next((options for entry, options in chain if entry.name in _DONE_ANYWAY), {})
    final, options = next(
        ((entry, options) for entry, options in chain if entry.makes == prop.logical_type),
        (registry.entry(prop.logical_type), {**source, **lines}),
    )
    cleaned = _through(clean_text(raw, lines), texts)
    whole = final.expression(cleaned, options)
    attempts = _attempts(raw, texts, final, options)
    return Reader((*attempts, whole), cleaned.is_not_null())


def _through(text: pl.Expr, chain: list[tuple[Entry, Options]]) -> pl.Expr:
    for entry, options in chain:
        text = entry.expression(text, options)
    return text


def _attempts(raw: pl.Expr, texts: list[tuple[Entry, Options]], final: Entry, options: Options) -> list[pl.Expr]:
    """Return the quick ways: the reader's own on the text as it stands, where every step before it has one."""
    text = raw
    for entry, entry_options in texts:
        if not entry.attempts:
            return []
        text = entry.attempts[0](text, entry_options)
    quick: tuple[Expression, ...] = final.attempts
    return [attempt(text, options) for attempt in quick]


def read_columns(frame: pl.DataFrame, readers: Mapping[str, Reader]) -> dict[str, Column]:
    """Read every property that the frame has."""
    first = ask(frame, (reader.attempts[0].alias(name) for name, reader in readers.items()))
    if frame.height <= SMALL:
        return _rest_together(frame, first, readers)
    return {name: _rest(frame.get_column(name), first.get_column(name), reader) for name, reader in readers.items()}


def _rest_together(frame: pl.DataFrame, read: pl.DataFrame, readers: Mapping[str, Reader]) -> dict[str, Column]:
    """Try the other attempts of all columns at once: in a small frame a query costs more than its rows."""
    most = max(len(reader.attempts) for reader in readers.values())
    left = list(readers)
    for turn in range(1, most + 1):
        left = [name for name in left if read.get_column(name).null_count() > frame.get_column(name).null_count()]
        trying = [name for name in left if turn < len(readers[name].attempts)]
        if not trying:
            break
        attempts = {name: readers[name].attempts[turn] for name in trying}
        found = ask(frame, (pl.coalesce(pl.lit(read.get_column(name)), attempts[name]).alias(name) for name in trying))
        read = read.with_columns(found)
    columns = {name: Column(read.get_column(name), None) for name in readers}
    for name in left:
        lost = frame.select(pl.lit(read.get_column(name)).is_null() & readers[name].present).to_series()
        if lost.any():
            columns[name] = Column(read.get_column(name), lost)
    return columns


def _rest(raw: pl.Series, values: pl.Series, reader: Reader) -> Column:
    """Try the other attempts on what is left, and find what nobody can read."""
    if values.null_count() == raw.null_count():
        return Column(values, None)
    left = (values.is_null() & raw.is_not_null()).arg_true()
    for attempt in reader.attempts[1:]:
        tried = raw.gather(left).to_frame().select(attempt).to_series()
        values = put(values, left, tried)
        left = left.filter(tried.is_null())
        if not len(left):
            return Column(values, None)
    present = raw.gather(left).to_frame().select(reader.present).to_series()
    left = left.filter(present)
    return Column(values, marks(len(raw), left) if len(left) else None)


def put(values: pl.Series, at: pl.Series, others: pl.Series) -> pl.Series:
    """Return `values` with `others` at the places `at` (any type, text included)."""
    if len(at) == len(values):
        return others.rename(values.name)
    places = pl.int_range(len(values), dtype=pl.UInt32, eager=True)
    places = places.scatter(at, pl.int_range(len(values), len(values) + len(at), dtype=pl.UInt32, eager=True))
    return pl.concat([values, others.rename(values.name)], rechunk=True).gather(places)


def marks(length: int, at: pl.Series) -> pl.Series:
    """Return `length` booleans that are true at the places `at`."""
    return pl.repeat(False, length, dtype=pl.Boolean, eager=True).scatter(at, True)  # noqa: FBT003
