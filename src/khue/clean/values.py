"""Values: the typed columns of a batch, with what an empty cell means."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from khue.clean.plan import Plan
from khue.clean.reader import Column, read_columns
from khue.contract.batch import GIVEN, Batch


@dataclass(frozen=True, slots=True)
class Values:
    """`frame` has the properties typed, and the frame's own system columns; `unread` the rows nobody could read."""

    frame: pl.DataFrame
    unread: Mapping[str, pl.Series]


def read_values(batch: Batch, plan: Plan) -> Values:
    """Read every property of the batch."""
    columns = read_columns(batch.frame, plan.readers) if plan.readers else {}
    unread = {name: column.unread for name, column in columns.items() if column.unread is not None}
    series = [_zero(column, batch.blank.get(name)).rename(name) for name, column in columns.items()]
    system = [batch.frame.get_column(name) for name in batch.frame.columns if name.startswith("_")]
    frame = pl.DataFrame([*series, *system])
    if not series and not system:
        frame = pl.DataFrame({"_rows": pl.int_range(batch.frame.height, dtype=pl.UInt32, eager=True)})
    return Values(frame.with_columns(*plan.absent) if plan.absent else frame, unread)


def _zero(column: Column, blank: str | None) -> pl.Series:
    """Return the values with 0 in the empty cells, where the source says that empty means 0."""
    values = column.values
    if blank != "zero" or not values.dtype.is_numeric() or not values.null_count():
        return values
    if column.unread is None:
        return values.fill_null(0)
    frame = pl.DataFrame({"values": values, "unread": column.unread})
    return frame.select(
        pl.when(pl.col("unread")).then(pl.col("values")).otherwise(pl.col("values").fill_null(0))
    ).to_series()


def given(batch: Batch, plan: Plan, values: Values) -> pl.Series | None:
    """Return the properties that each record of a patch sets, deletions and what is held included; else None.

    Where the sender listed them, the list rules. Where a table patches, a cell sets its property if it has a value
    or if empty means `zero` or `clear`. A cell whose `blank` is `keep` never sets anything by being empty. (In a
    replace batch every property is set, so `keep` needs the door to choose patch.)
    """
    if batch.mode != "patch":
        return None
    names = [name for name in plan.readers if name in plan.contract.by_name]
    listed = GIVEN in batch.frame.columns
    flags = pl.DataFrame([_sets(name, batch, values, listed=listed) for name in names])
    if not names:
        return pl.Series("_given", [[]] * batch.frame.height, dtype=pl.List(pl.String))
    marked = [pl.when(pl.col(name)).then(pl.lit(name)) for name in names]
    return flags.select(pl.concat_list(marked).list.drop_nulls().alias(GIVEN)).to_series()


def _sets(name: str, batch: Batch, values: Values, *, listed: bool) -> pl.Series:
    there = values.frame.get_column(name).is_not_null()
    if name in values.unread:
        there = there | values.unread[name]
    blank: Any = batch.blank.get(name)
    if not listed:
        return there | True if blank in ("zero", "clear") else there
    sent = batch.frame.select(pl.col(GIVEN).list.contains(name).fill_null(value=False)).to_series()
    return (sent & there if blank == "keep" else sent).rename(name)
