"""Stages: a part of an expression that is worked out once, on a column, and then looked at several times.

An expression that uses a part twice is worked out twice by Polars, and a tree of such parts grows without bound.
"""

from collections.abc import Callable

import polars as pl


def staged(column: pl.Expr, function: Callable[[pl.Series], pl.Series], dtype: pl.DataType) -> pl.Expr:
    """Return `function` of the column, row by row as it must be; the result has `dtype`."""
    return column.map_batches(function, return_dtype=dtype, is_elementwise=True)


def first_of(column: pl.Series, attempts: list[pl.Expr]) -> pl.Series:
    """Return what the first attempt that can read each row gives; attempts are over a column named `t`."""
    frame = column.to_frame("t")
    found = frame.select(attempts[0].alias("found")).to_series()
    for attempt in attempts[1:]:
        if found.null_count() == column.null_count():
            break
        found = frame.with_columns(found).select(pl.coalesce("found", attempt).alias("found")).to_series()
    return found


def finite(numbers: pl.Series) -> pl.Series:
    """Return the numbers, NaN and infinity as null."""
    good = numbers.is_finite()
    return numbers if good.all() else numbers.to_frame("n").select(pl.when(pl.lit(good)).then(pl.col("n"))).to_series()
