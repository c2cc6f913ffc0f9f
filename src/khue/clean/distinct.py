"""Distinct values: what is costly for a text is done once for each different one."""

from collections.abc import Callable

import polars as pl

_FEW = 4  # a column with less than a quarter of different values is worth it
_LONG = 10_000  # rows


def by_distinct(column: pl.Series, work: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Return `work` of a text column, which must look at one row at a time."""
    if len(column) < _LONG or column.head(_LONG).n_unique() > _LONG // _FEW:
        return work(column)
    distinct = column.unique()
    if len(distinct) > len(column) // _FEW:
        return work(column)
    done = pl.DataFrame([distinct.rename("from"), work(distinct).rename("to")])
    rows = column.rename("from").to_frame()
    return rows.join(done, on="from", how="left", nulls_equal=True, maintain_order="left").get_column("to")
