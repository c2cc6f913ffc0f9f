"""Ask a frame: in parallel where it is large; in a small one, waking threads costs more than the work."""

from collections.abc import Iterable

import polars as pl

SMALL = 256  # rows


def ask(frame: pl.DataFrame, expressions: Iterable[pl.Expr]) -> pl.DataFrame:
    """Return `frame.select(expressions)`."""
    return frame.select_seq(expressions) if frame.height <= SMALL else frame.select(expressions)
