"""From rows as the owner has them to records named by property: wide to long, long to one, units, constants, extras."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson
import polars as pl

from khue.contract.batch import COLUMN, DELETED, EXTRA, GIVEN, ID, RECORD, ROW, UNIT_PREFIX
from khue.contract.contract import Contract
from khue.contract.source import Long, Source, Wide
from khue.intake.columns import Columns, find_heading, match_columns
from khue.intake.decoders.chunk import BROKEN, END, LINE, MAX_LINE_SHOWN, OVERFLOW

OWN = (ROW, END, BROKEN, LINE, OVERFLOW, ID, EXTRA, GIVEN, DELETED, COLUMN)
BEYOND = "cells beyond the last heading"
_GROUP = "_group"


@dataclass(frozen=True, slots=True)
class Shape:
    """How the rows of one source become records; the same for a row alone and for a million."""

    source: Source
    contract: Contract

    def columns(self, frame: pl.DataFrame) -> Columns:
        """Return which column is which."""
        found = match_columns([name for name in frame.columns if not is_own(name)], self.source)
        known = self.contract.by_name
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
                made = _joined(frame, long, columns)
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

    def records_up_to(self, frame: pl.DataFrame) -> pl.Series | None:
        """Return for each row of a long table how many records there are up to the end of its group, else None."""
        long = self.source.shape
        parameter = find_heading(frame.columns, long.parameter) if isinstance(long, Long) else None
        if not isinstance(long, Long) or parameter is None:
            return None
        groups = _groups(_blank_is_null(frame), long)
        names = frame[parameter].str.strip_chars().str.to_lowercase()
        counted = pl.DataFrame({"group": groups, "name": names}).group_by("group", "name").len()
        sizes = counted.group_by("group").agg(pl.col("len").max()).sort("group")
        sums = sizes.with_columns(pl.col("len").cum_sum())
        return pl.DataFrame({"group": groups}).join(sums, on="group", how="left", maintain_order="left")["len"]


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


def _groups(frame: pl.DataFrame, long: Long) -> pl.Series:
    by = [found for name in long.by if (found := find_heading(frame.columns, name)) is not None]
    keys = [pl.col(name) for name in by]
    if BROKEN in frame.columns:
        keys.append(pl.when(pl.col(BROKEN).is_not_null()).then(pl.col(ROW)).alias(BROKEN))
    changed = [key.ne_missing(key.shift()) for key in keys] or [pl.lit(value=True)]
    return frame.select(pl.any_horizontal(changed).cum_sum().alias(_GROUP)).to_series()


def _joined(frame: pl.DataFrame, long: Long, columns: Columns) -> pl.DataFrame:
    """Make one record of the rows with equal keys that follow each other; a parameter that repeats begins another."""
    parameter = find_heading(frame.columns, long.parameter)
    value = find_heading(frame.columns, long.value)
    if parameter is None or value is None or frame.is_empty():
        return frame
    unit = find_heading(frame.columns, long.unit) if long.unit else None
    known = {name.strip().casefold(): prop for name, prop in long.properties.items()}
    names = frame[parameter].str.strip_chars().str.to_lowercase()
    keyed = frame.with_columns(_groups(frame, long), names.alias("_parameter"))
    keyed = keyed.with_columns(pl.int_range(pl.len()).over(_GROUP, "_parameter").alias("_again"))
    record = (keyed[_GROUP].cast(pl.Int64) * (1 << 32) + keyed["_again"]).rank("dense").cast(pl.Int64) - 1
    first = _first_rows(record)
    made: dict[str, pl.Series] = {}
    for text, prop in known.items():
        rows = _rows_of(names == text, record, first.len())
        made[prop] = frame[value].gather(rows).alias(prop)
        if unit is not None:
            made[UNIT_PREFIX + prop] = frame[unit].gather(rows).alias(UNIT_PREFIX + prop)
    drop = [name for name in (parameter, value, unit) if name is not None and name not in columns.taken]
    result = frame.drop(drop).select(pl.all().gather(first)).with_columns(made.values())
    unknown = ~names.is_in(list(known)) & names.is_not_null() if known else names.is_not_null()
    return _unknown_parameters(result, frame.select(parameter, value), record, unknown)


def _first_rows(record: pl.Series) -> pl.Series:
    """Return the first row of each record, in the order of records."""
    return (
        pl.DataFrame({"record": record})
        .with_row_index("row")
        .group_by("record")
        .agg(pl.col("row").min())
        .sort("record")["row"]
    )


def _rows_of(chosen: pl.Series, record: pl.Series, records: int) -> pl.Series:
    """Return for each record the chosen row that belongs to it, or null."""
    rows = pl.DataFrame({"record": record}).with_row_index("row").filter(chosen.fill_null(value=False))
    return pl.DataFrame({"record": pl.int_range(records, eager=True)}).join(
        rows, on="record", how="left", maintain_order="left"
    )["row"]


def _unknown_parameters(
    result: pl.DataFrame, pairs: pl.DataFrame, record: pl.Series, unknown: pl.Series
) -> pl.DataFrame:
    if not unknown.any():
        return result
    extras: dict[int, dict[str, Any]] = {}
    for number, (name, value) in zip(record.filter(unknown), pairs.filter(unknown).iter_rows(), strict=True):
        extras.setdefault(number, {})[str(name)] = value
    texts = [_as_extra(extras[i]) if i in extras else None for i in range(result.height)]
    return result.with_columns(pl.Series(EXTRA, texts, dtype=pl.String))


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
