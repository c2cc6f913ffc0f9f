"""Long tables: one row a (record, parameter), its rows anywhere in the file, joined to one record a key.

Equal keys are joined over the whole table, because real files scatter the parameters of one reading over it. Where a
parameter stands twice under one key with different values, nothing is dropped: the earlier value becomes a record of
its own, and the record with the last values follows it, so that the check `repeated` sees both and the last one holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import polars as pl

from khue.contract.batch import BROKEN, EXTRA, UNIT_PREFIX
from khue.contract.source import Long
from khue.intake.columns import Columns, find_heading

_GROUP, _NAME, _BACK, _PLACE, _ALONE = "_group", "_name", "_back", "_place", "_alone"


@dataclass(frozen=True, slots=True)
class LongTable:
    """The headings that a long source names, as they stand in one table."""

    long: Long
    parameter: str
    value: str
    unit: str | None
    by: tuple[str, ...]

    def placed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the rows that say something new, in order, with their key's first row and their number from behind.

        Left out are a blank beside a value of the same (key, parameter), and a row that says what the one before it
        said. A row that is broken or lacks a part of its key belongs to no other.
        """
        keys = [pl.col(name).str.strip_chars().alias(f"_by{i}") for i, name in enumerate(self.by)]
        alone = pl.any_horizontal(*(pl.col(name).is_null() for name in self.by), pl.lit(value=not self.by))
        if BROKEN in frame.columns:
            alone = alone | pl.col(BROKEN).is_not_null()
        made = frame.with_columns(
            *keys,
            pl.col(self.parameter).str.strip_chars().str.to_lowercase().alias(_NAME),
            pl.int_range(pl.len(), dtype=pl.UInt32).alias(_PLACE),
            pl.when(alone).then(pl.int_range(pl.len(), dtype=pl.UInt32)).alias(_ALONE),
        )
        same = [*(f"_by{i}" for i in range(len(self.by))), _ALONE]
        made = made.with_columns(pl.col(_PLACE).min().over(same).alias(_GROUP)).drop(same)
        each = [_GROUP, _NAME]
        blank = pl.col(self.value).is_null() & (pl.col(self.value).count().over(each) > 0)
        made = made.filter(~blank)
        said = pl.int_range(pl.len()).over(each) > 0
        for name in (self.value, *([self.unit] if self.unit else [])):
            said = said & pl.col(name).eq_missing(pl.col(name).shift().over(each))
        made = made.filter(~said)
        return made.with_columns((pl.len().over(each) - 1 - pl.int_range(pl.len()).over(each)).alias(_BACK))


def long_table(frame: pl.DataFrame, long: Long) -> LongTable | None:
    """Return where the source's headings stand in the table, or None where parameter or value is not there."""
    parameter, value = find_heading(frame.columns, long.parameter), find_heading(frame.columns, long.value)
    if parameter is None or value is None:
        return None
    by = tuple(found for name in long.by if (found := find_heading(frame.columns, name)) is not None)
    unit = find_heading(frame.columns, long.unit) if long.unit else None
    return LongTable(long, parameter, value, unit, by)


def said_again(frame: pl.DataFrame, long: Long) -> int:
    """Return how many rows say only what another row of the same key and parameter says, or nothing."""
    table = long_table(frame, long)
    return 0 if table is None else frame.height - table.placed(frame).height


def joined(frame: pl.DataFrame, long: Long, columns: Columns) -> pl.DataFrame:
    """Return one row a record, in the order in which the keys first appear; a row of the table is in one record."""
    table = long_table(frame, long)
    if table is None or frame.is_empty():
        return frame
    rows = table.placed(frame)
    before = pl.col(_BACK).max().over(_GROUP) - pl.col(_BACK)
    record = rows.select(pl.struct(pl.col(_GROUP), before.alias("before")).rank("dense").cast(pl.Int64) - 1).to_series()
    first = _first_rows(record)
    known = {name.strip().lower(): prop for name, prop in long.properties.items()}
    names = rows[_NAME]
    made: dict[str, pl.Series] = {}
    for text, prop in known.items():
        places = _rows_of(names == text, record, first.len())
        made[prop] = rows[table.value].gather(places).alias(prop)
        if table.unit is not None:
            made[UNIT_PREFIX + prop] = rows[table.unit].gather(places).alias(UNIT_PREFIX + prop)
    given = (table.parameter, table.value, table.unit)
    drop = [name for name in given if name is not None and name not in columns.taken]
    result = rows.drop(*drop, _GROUP, _NAME, _BACK, _PLACE).select(pl.all().gather(first)).with_columns(made.values())
    unknown = ~names.is_in(list(known)).fill_null(value=False) & (names.is_not_null() | rows[table.value].is_not_null())
    pairs = rows.select(pl.col(table.parameter).fill_null(table.value), table.value)
    return _unknown_parameters(result, pairs, record, unknown)


def _first_rows(record: pl.Series) -> pl.Series:
    """Return the first row of each record, in the order of records."""
    places = pl.DataFrame({"record": record}).with_row_index("row")
    return places.group_by("record").agg(pl.col("row").min()).sort("record")["row"]


def _rows_of(chosen: pl.Series, record: pl.Series, records: int) -> pl.Series:
    """Return for each record the chosen row that belongs to it, or null."""
    rows = pl.DataFrame({"record": record}).with_row_index("row").filter(chosen.fill_null(value=False))
    return pl.DataFrame({"record": pl.int_range(records, eager=True)}).join(
        rows, on="record", how="left", maintain_order="left"
    )["row"]


def _unknown_parameters(
    result: pl.DataFrame, pairs: pl.DataFrame, record: pl.Series, unknown: pl.Series
) -> pl.DataFrame:
    """Keep parameters that the source does not name in `_extra`."""
    if not unknown.any():
        return result
    extras: dict[int, dict[str, Any]] = {}
    for number, (name, value) in zip(record.filter(unknown), pairs.filter(unknown).iter_rows(), strict=True):
        extras.setdefault(number, {})[str(name)] = value
    texts = [_extra(extras[i]) if i in extras else None for i in range(result.height)]
    return result.with_columns(pl.Series(EXTRA, texts, dtype=pl.String))


def _extra(values: Mapping[str, Any]) -> str | None:
    kept = {name: {"type": "Property", "value": value} for name, value in values.items() if value is not None}
    return orjson.dumps(kept).decode() if kept else None
