"""The fate of each record: which checks it failed, and what follows from that.

The failed checks of a record are bits of a mask. A batch has few different masks, so everything that follows from one
(flags, held fields, weight lost, dimensions) is worked out once a mask and looked up by row.
"""

from dataclasses import dataclass
from typing import Any

import polars as pl

from khue.clean.compile import Compiled
from khue.contract.check import DIMENSIONS

PASSED, HELD, REJECTED = 0, 1, 2
_WORD = 60  # checks in one integer
_SCHEMA = pl.Schema(
    {
        "action": pl.UInt8,
        "lost": pl.Int32,
        "dimensions": pl.Int16,
        "flags": pl.List(pl.String),
        "held": pl.List(pl.String),
        "failed": pl.List(pl.String),
        "fields": pl.List(pl.String),
    }
)


@dataclass(frozen=True, slots=True)
class Fates:
    """`code` (UInt32) points each row to its line of `table`; line 0 is the record that passed everything."""

    code: pl.Series
    table: pl.DataFrame

    def of(self, name: str) -> pl.Series:
        """Return a column of the table for every row."""
        column = self.table.get_column(name)
        if self.table.height == 1:
            return column.new_from_index(0, len(self.code))
        return column.gather(self.code)


def fates(height: int, checks: tuple[Compiled, ...], failed: pl.DataFrame) -> Fates:
    """Return the fates of `height` rows from a frame of booleans, one column a check, true = failed."""
    nobody = pl.Series([0], dtype=pl.UInt32).new_from_index(0, height)
    columns = [name for name in failed.columns if failed.get_column(name).any()]
    if not columns:
        return Fates(nobody, _PASSED_ALL)
    some = failed.select(pl.any_horizontal(columns).fill_null(value=False)).to_series()
    at = some.arg_true()
    masks = failed.select(columns).filter(some).select(_words(columns))
    distinct = masks.unique().sort(masks.columns)
    codes = masks.join(distinct.with_row_index("code", 1), on=masks.columns, how="left", maintain_order="left")
    of_name = {str(index): compiled for index, compiled in enumerate(checks)}
    lines = [_line(tuple(of_name[name] for name in _names(mask, columns))) for mask in distinct.iter_rows()]
    return Fates(nobody.scatter(at, codes.get_column("code")), pl.concat([_PASSED_ALL, pl.DataFrame(lines, _SCHEMA)]))


def _words(columns: list[str]) -> list[pl.Expr]:
    """Return the masks as integers of 60 checks each."""
    starts = range(0, len(columns), _WORD)
    return [
        pl.sum_horizontal(
            pl.col(name).fill_null(value=False).cast(pl.Int64) * 2**bit
            for bit, name in enumerate(columns[start : start + _WORD])
        ).alias(f"word{start}")
        for start in starts
    ]


def _names(mask: tuple[int, ...], columns: list[str]) -> list[str]:
    return [name for place, name in enumerate(columns) if mask[place // _WORD] >> (place % _WORD) & 1]


def _line(failed: tuple[Compiled, ...]) -> dict[str, Any]:
    """Return what follows from having failed these checks."""
    counted = [compiled for compiled in failed if not compiled.waived]
    marked = {compiled.check.name for compiled in counted if compiled.on_fail != "reject"}
    released = {f"released:{compiled.check.name}" for compiled in failed if compiled.waived}
    held = {compiled.check.field for compiled in counted if compiled.on_fail == "hold"}
    fields = {compiled.check.field for compiled in counted if compiled.on_fail != "flag"}
    rejected = any(compiled.on_fail == "reject" for compiled in counted)
    dimensions = {DIMENSIONS.index(compiled.check.dimension) for compiled in counted}
    return {
        "action": REJECTED if rejected else HELD if held else PASSED,
        "lost": sum(compiled.check.weight for compiled in counted),
        "dimensions": sum(1 << place for place in dimensions),
        "flags": sorted(marked | released),
        "held": sorted(field for field in held if field),
        "failed": sorted(compiled.check.name for compiled in counted),
        "fields": sorted(field for field in fields if field),
    }


_PASSED_ALL = pl.DataFrame([_line(())], schema=_SCHEMA)
