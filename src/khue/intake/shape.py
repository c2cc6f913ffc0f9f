"""From rows as the owner has them to records named by property: wide to long, long to one, units, constants, extras."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson
import polars as pl

from khue.clean.entity_id import key_properties
from khue.contract.batch import BROKEN, COLUMN, DELETED, EXTRA, GIVEN, ID, RECORD, ROW, UNIT_PREFIX
from khue.contract.contract import Contract
from khue.contract.source import Long, Source, Wide
from khue.intake.columns import Columns, match_columns
from khue.intake.decoders.chunk import END, LINE, MAX_LINE_SHOWN, OVERFLOW
from khue.intake.long_table import joined, said_again

OWN = (ROW, END, BROKEN, LINE, OVERFLOW, ID, EXTRA, GIVEN, DELETED, COLUMN)
BEYOND = "cells beyond the last heading"


@dataclass(frozen=True, slots=True)
class Shape:
    """How the rows of one source become records; the same for a row alone and for a million."""

    source: Source
    contract: Contract

    def columns(self, frame: pl.DataFrame) -> Columns:
        """Return which column is which."""
        found = match_columns([name for name in frame.columns if not is_own(name)], self.source)
        known = {*self.contract.by_name, *key_properties(self.contract.key)}  # a draft has a key and no properties
        own = {name: name for name in found.extra if name in known and name not in found.taken.values()}
        extra = tuple(name for name in found.extra if name not in own)
        return replace(found, taken={**found.taken, **own}, extra=extra)

    def width(self, frame: pl.DataFrame) -> int:
        """Return how many records a row makes at the most."""
        return max(len(self.columns(frame).cells), 1) if isinstance(self.source.shape, Wide) else 1

    def records(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return one row a record, in the order of the rows; every row or cell is a record, blank ones too."""
        columns = self.columns(frame)
        frame = _without_nul(_blank_is_null(frame))
        if BROKEN in frame.columns and frame[BROKEN].null_count() == frame.height:
            frame = frame.drop(BROKEN)
        match self.source.shape:
            case Wide() as wide:
                made = _unpivoted(frame, wide, columns)
            case Long() as long:
                made = joined(frame, long, columns)
            case None:
                made = frame
        return self._named(made, columns)

    def _named(self, frame: pl.DataFrame, columns: Columns) -> pl.DataFrame:
        units = [pl.col(heading).alias(UNIT_PREFIX + name) for name, heading in columns.units.items()]
        frame = frame.with_columns(units) if units else frame
        frame = _with_extra(frame, [name for name in columns.extra if name in frame.columns])
        known = self.contract.by_name
        named = {heading: name for heading, name in columns.taken.items() if heading in frame.columns}
        kept = [name for name in (ROW, BROKEN, ID, EXTRA, GIVEN, DELETED, COLUMN) if name in frame.columns]
        made = [name for name in frame.columns if name.startswith(UNIT_PREFIX) or (name in known and name not in named)]
        constants = [
            pl.lit(_text(value)).alias(name)
            for name, value in self.source.constants.items()
            if name not in named.values()
        ]
        return frame.select(
            pl.int_range(pl.len(), dtype=pl.Int32).alias(RECORD),
            *kept,
            *(pl.col(heading).alias(name) for heading, name in named.items()),
            *(name for name in made if name not in named.values() and name not in columns.extra),
            *constants,
        )

    def said_again(self, frame: pl.DataFrame) -> int:
        """Return how many rows of a long table say nothing that another row does not."""
        shape = self.source.shape
        return said_again(_blank_is_null(frame), shape) if isinstance(shape, Long) else 0


def is_own(name: str) -> bool:
    """Whether a column is the decoder's own, not the owner's."""
    return name in OWN or name.startswith(UNIT_PREFIX)


def _text(value: Any) -> str | float | None:  # noqa: ANN401  constants are what YAML holds
    return str(value) if isinstance(value, bool | str) else value


def _blank_is_null(frame: pl.DataFrame) -> pl.DataFrame:
    """Make cells of spaces alone null: what a blank means is said by the source, not by its spaces."""
    texts = [name for name, kind in frame.schema.items() if kind == pl.String and not is_own(name)]
    return frame.with_columns(
        pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name)).alias(name) for name in texts
    )


def _without_nul(frame: pl.DataFrame) -> pl.DataFrame:
    """Break rows with NUL in a text, which PostgreSQL cannot keep: no value stands, all are shown with ␀ in `_line`."""
    texts = [name for name, kind in frame.schema.items() if kind == pl.String and name not in (BROKEN, EXTRA)]
    if not texts:
        return frame
    faulty = [name for name in texts if frame[name].str.contains("\0", literal=True).any()]
    if not faulty:
        return frame
    broken = pl.col(BROKEN) if BROKEN in frame.columns else pl.lit(None, pl.String)
    has = pl.any_horizontal(pl.col(name).str.contains("\0", literal=True) for name in faulty).fill_null(value=False)
    why = pl.when(has).then(pl.lit("the row holds NUL characters")).otherwise(None)
    has_mark = frame.select(has).to_series()
    marked = frame.with_columns(pl.coalesce(broken, why).alias(BROKEN))
    marked = marked.with_columns(pl.col(name).str.replace_all("\0", "␀", literal=True) for name in faulty)
    shown = pl.concat_str(pl.col(texts), separator=" | ", ignore_nulls=True).str.head(MAX_LINE_SHOWN)
    line = pl.col(LINE) if LINE in marked.columns else pl.lit(None, pl.String)
    marked = marked.with_columns(pl.when(has_mark).then(shown).otherwise(line).alias(LINE))
    values = [name for name in marked.columns if not is_own(name) or name == ID]
    return marked.with_columns(pl.when(~has_mark).then(pl.col(name)).alias(name) for name in values)


def _unpivoted(frame: pl.DataFrame, wide: Wide, columns: Columns) -> pl.DataFrame:
    """Make a record of every cell, row by row."""
    cells = list(columns.cells)
    if not cells:
        return frame
    rest = [name for name in frame.columns if name not in cells]
    headings = pl.Series("cells", [cells], dtype=pl.List(pl.String))
    return (
        frame.select(*rest, pl.concat_list(cells).alias(wide.cell_to), pl.lit(headings.first()).alias(wide.heading_to))
        .explode(wide.cell_to, wide.heading_to)
        .with_columns(pl.col(wide.heading_to).alias(COLUMN))
    )


def _with_extra(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Keep what the contract does not know in `_extra`, in NGSI-LD form; blank cells are left out."""
    shown = {name: name for name in names} | {
        name: title for name, title in ((OVERFLOW, BEYOND), (LINE, LINE)) if name in frame.columns
    }
    used = {name: title for name, title in shown.items() if frame[name].null_count() < frame.height}
    if not used:
        return frame
    before = frame[EXTRA].to_list() if EXTRA in frame.columns else [None] * frame.height
    rows = frame.select(list(used)).rename(dict(used)).iter_rows(named=True)
    texts = [_as_extra(row, old) for row, old in zip(rows, before, strict=True)]
    return frame.with_columns(pl.Series(EXTRA, texts, dtype=pl.String))


def _as_extra(values: Mapping[str, Any], before: str | None = None) -> str | None:
    known: dict[str, Any] = orjson.loads(before) if before else {}
    known |= {name: {"type": "Property", "value": value} for name, value in values.items() if value is not None}
    return orjson.dumps(known).decode() if known else None
