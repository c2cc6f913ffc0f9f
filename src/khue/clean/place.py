"""Place: the coordinates and the area of a record, and the grid cell that finds it in a window.

The grid is of 0.01 degrees (about 1.1 km by 1 km in Hanoi): `cell = floor((y + 90) * 100) * 36001 +
floor((x + 180) * 100)`, so that a window is a list of integers, which PostgreSQL compares before row security.
"""

import math
from collections.abc import Mapping

import polars as pl

from khue.clean.ask import ask
from khue.contract.contract import Contract
from khue.contract.query import Window

CELLS_A_DEGREE = 100
COLUMNS = 360 * CELLS_A_DEGREE + 1
MOST_CELLS = 4096  # beyond it a list of cells costs more than it saves; x and y alone find the window then


_NOWHERE = [
    *(pl.Series(name, [None], dtype=pl.Float64) for name in ("_x", "_y")),
    *(pl.Series(name, [None], dtype=dtype) for name, dtype in (("_area", pl.String), ("_cell", pl.Int64))),
]


def cell(x: pl.Expr, y: pl.Expr) -> pl.Expr:
    """Return the grid cell (Int64) of a point in WGS 84 degrees; null outside of the world."""
    row = ((y + 90) * CELLS_A_DEGREE).floor().cast(pl.Int64, strict=False)
    column = ((x + 180) * CELLS_A_DEGREE).floor().cast(pl.Int64, strict=False)
    return pl.when(_on_earth(x, y)).then(row * COLUMNS + column)


def cells(window: Window) -> list[int] | None:
    """Return the cells that a window touches, or None where they are more than MOST_CELLS."""
    south, north = (math.floor((max(-90.0, min(90.0, y)) + 90) * CELLS_A_DEGREE) for y in (window.south, window.north))
    west, east = (math.floor((max(-180.0, min(180.0, x)) + 180) * CELLS_A_DEGREE) for x in (window.west, window.east))
    if (north - south + 1) * (east - west + 1) > MOST_CELLS:
        return None
    return [row * COLUMNS + column for row in range(south, north + 1) for column in range(west, east + 1)]


def _on_earth(x: pl.Expr, y: pl.Expr) -> pl.Expr:
    return x.is_between(-180, 180) & y.is_between(-90, 90)


def locate(values: pl.DataFrame, contract: Contract, reference: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return `_x`, `_y`, `_area`, `_cell` of each row, from the values that are not held."""
    how = contract.locate
    x, y, area = pl.lit(None, pl.Float64), pl.lit(None, pl.Float64), pl.lit(None, pl.String)
    if how and how.by == "point" and how.longitude and how.latitude:
        x, y = pl.col(how.longitude).cast(pl.Float64), pl.col(how.latitude).cast(pl.Float64)
        area = pl.col(how.area).cast(pl.String) if how.area else area
    elif how and how.by == "area" and how.area:
        area = pl.col(how.area).cast(pl.String)
    elif how and how.by == "reference" and how.through:
        values = _through(values, contract, how.through, reference)
        x, y, area = pl.col("_x"), pl.col("_y"), pl.col("_area")
    else:
        return pl.DataFrame([nowhere.new_from_index(0, values.height) for nowhere in _NOWHERE])
    inside = _on_earth(x, y)
    placed = [
        pl.when(inside).then(x).alias("_x"),
        pl.when(inside).then(y).alias("_y"),
        area.alias("_area"),
        cell(x, y).alias("_cell"),
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("_rows"),  # keeps the height where all else is a literal
    ]
    return ask(values, placed).drop("_rows")


def _through(
    values: pl.DataFrame, contract: Contract, name: str, reference: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Return the place of the record of another type that `name` points to, row by row."""
    points_to = contract.by_name[name].reference
    known = reference.get(points_to.type) if points_to else None
    schema = {"_key": pl.String, "_x": pl.Float64, "_y": pl.Float64, "_area": pl.String}
    places = pl.DataFrame(schema=schema)
    if known is not None and points_to is not None:
        # The same value twice in master data: the first by id rules, so that the order of rows does not.
        ordered = known.sort("_id").select(
            pl.col(points_to.property).cast(pl.String).alias("_key"),
            *(pl.col(column).cast(schema[column]) for column in ("_x", "_y", "_area")),
        )
        places = ordered.drop_nulls("_key").unique("_key", keep="first", maintain_order=True)
    keys = values.select(pl.col(name).cast(pl.String).alias("_key"))
    return keys.join(places, on="_key", how="left", maintain_order="left")
