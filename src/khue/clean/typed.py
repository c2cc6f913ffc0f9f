"""Columns that are not text: what JSON and workbooks bring already typed, read into the logical type.

A JSON number never passes through text. What has the wrong type (a word where a number belongs, an object where a
text belongs) becomes null, and fails the property's type check.
"""

import polars as pl

from khue.clean.normalisers.date import from_serial, in_range
from khue.clean.normalisers.entry import Options
from khue.clean.normalisers.timestamp import MOMENT, from_number, midnight, to_utc, zone_of
from khue.contract.property import LogicalType

DTYPE: dict[LogicalType, pl.DataType] = {
    "string": pl.String(),
    "number": pl.Float64(),
    "integer": pl.Int64(),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "timestamp": MOMENT,
    "object": pl.String(),
    "array": pl.String(),
}


def nothing(logical_type: LogicalType) -> pl.Expr:
    """Return a null of the logical type."""
    return pl.lit(None, dtype=DTYPE[logical_type])


def as_json(column: pl.Expr) -> pl.Expr:
    """Return each value as JSON text; null stays null."""
    whole = pl.struct(column.alias("v")).struct.json_encode()
    return pl.when(column.is_not_null()).then(whole.str.strip_prefix('{"v":').str.head(-1))


def read_typed(column: pl.Expr, dtype: pl.DataType, logical_type: LogicalType, options: Options) -> pl.Expr:
    """Return a column of `dtype` in the logical type; what does not belong there is null."""
    if dtype.is_numeric():
        return _from_number(column, dtype, logical_type, options)
    if dtype == pl.Boolean:
        return _from_boolean(column, logical_type)
    if dtype.is_temporal():
        return _from_time(column, dtype, logical_type, options)
    if (dtype == pl.Struct and logical_type == "object") or (dtype == pl.List and logical_type == "array"):
        text = as_json(column)
        return pl.when(~text.str.contains(r"\u0000", literal=True)).then(text)
    return nothing(logical_type)


def _from_number(column: pl.Expr, dtype: pl.DataType, logical_type: LogicalType, options: Options) -> pl.Expr:
    number = column.cast(pl.Float64, strict=False)
    if logical_type == "number":
        return pl.when(number.is_finite()).then(number)
    if logical_type == "integer":
        whole = pl.when(number.is_finite() & (number == number.floor())).then(column)
        return whole.cast(pl.Int64, strict=False)
    if logical_type == "boolean":
        return pl.when(number == 1).then(statement=True).when(number == 0).then(statement=False)
    if logical_type == "string":
        return _number_as_text(column, dtype)
    if logical_type == "date":
        return in_range(from_serial(pl.when(number == number.floor()).then(number)))
    return from_number(number, options) if logical_type == "timestamp" else nothing(logical_type)


def _number_as_text(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return 5 for 5 and for 5.0: workbooks hold codes as floats."""
    if dtype.is_integer():
        return column.cast(pl.String)
    small = column.is_finite() & (column == column.floor()) & (column.abs() < 2**53)
    whole = pl.when(small).then(column).cast(pl.Int64, strict=False).cast(pl.String)
    return pl.when(column.is_finite()).then(pl.coalesce(whole, column.cast(pl.String)))


def _from_boolean(column: pl.Expr, logical_type: LogicalType) -> pl.Expr:
    if logical_type == "boolean":
        return column
    if logical_type == "string":
        return pl.when(column).then(pl.lit("true")).when(~column).then(pl.lit("false"))
    return nothing(logical_type)


def _from_time(column: pl.Expr, dtype: pl.DataType, logical_type: LogicalType, options: Options) -> pl.Expr:
    zone = zone_of(options)
    if isinstance(dtype, pl.Datetime):
        return _from_moment(column.dt.cast_time_unit("us"), dtype, logical_type, zone)
    if dtype == pl.Date and logical_type == "timestamp":
        return in_range(midnight(column, zone))
    if dtype == pl.Date and logical_type == "date":
        return in_range(column)
    return column.cast(pl.String) if logical_type == "string" else nothing(logical_type)


def _from_moment(column: pl.Expr, dtype: pl.Datetime, logical_type: LogicalType, zone: str) -> pl.Expr:
    aware = dtype.time_zone is not None
    if logical_type == "timestamp":
        return in_range(column.dt.convert_time_zone("UTC") if aware else to_utc(column, zone))
    local = column.dt.convert_time_zone(zone).dt.replace_time_zone(None) if aware else column
    if logical_type == "date":
        return in_range(pl.when(local.dt.truncate("1d") == local).then(local).cast(pl.Date))
    return local.dt.to_string("iso:strict") if logical_type == "string" else nothing(logical_type)
