"""Coordinate: an angle in degrees, from decimal degrees or from degrees, minutes and seconds.

Source: ISO 6709; Vietnamese letters of the compass (B, N, Đ, T) only under option `letters: vi`, because N is north
in English and south (Nam) in Vietnamese. Latitude and longitude that were swapped are found by the range checks
and never swapped silently.
"""

import polars as pl

from khue.clean.normalisers.entry import Case, Entry, Options
from khue.clean.normalisers.number import plain_number
from khue.clean.normalisers.text import clean_text

_LETTERS = "NSEWnsewBĐTbđt"
_DECIMAL = rf"^[{_LETTERS}]? ?([+-]?\d{{1,3}}(?:[.,]\d+)?)(?: ?°)? ?[{_LETTERS}]?$"
_SEXAGESIMAL = (
    rf"^[{_LETTERS}]? ?(?P<degrees>[+-]?\d{{1,3}}) ?[°º:] ?(?P<minutes>\d{{1,2}}(?:[.,]\d+)?)"
    rf"(?: ?['′’:] ?(?:(?P<seconds>\d{{1,2}}(?:[.,]\d+)?) ?(?:[\"″”]|'')?)?)? ?[{_LETTERS}]?$"
)
_SOUTH_WEST = {"en": "[SWsw]", "vi": "[NnTtWw]"}


def _degrees(text: pl.Expr) -> pl.Expr:
    return text.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)


def coordinate(text: pl.Expr, options: Options) -> pl.Expr:
    """Read degrees, negative to the south and west; what is no angle is null."""
    written = clean_text(text, {})
    behind = rf"^{_SOUTH_WEST[options.get('letters', 'en')]}|{_SOUTH_WEST[options.get('letters', 'en')]}$"
    parts = written.str.extract_groups(_SEXAGESIMAL)
    whole = parts.struct.field("degrees").cast(pl.Float64, strict=False)
    minutes, seconds = (_degrees(parts.struct.field(name)).fill_null(0.0) for name in ("minutes", "seconds"))
    size = whole.abs() + minutes / 60 + seconds / 3600
    negative = parts.struct.field("degrees").str.starts_with("-")
    sexagesimal = pl.when((minutes < 60) & (seconds < 60)).then(pl.when(negative).then(-size).otherwise(size))
    degrees = pl.coalesce(_degrees(written.str.extract(_DECIMAL, 1)), sexagesimal)
    signed = pl.when(written.str.contains(behind)).then(-degrees).otherwise(degrees)
    return pl.coalesce(plain_number(written, {}), signed)


COORDINATE = Entry(
    name="coordinate",
    makes="number",
    expression=coordinate,
    attempts=(plain_number,),
    source="ISO 6709",
    cases=(
        Case("105.8542", 105.8542),
        Case("21,0285", 21.0285),
        Case("105°51'15\"E", 105.85416666666667),
        Case("21° 1′ 42.6″ N", 21.0285),
        Case("21°30'", 21.5),
        Case("12.5 S", -12.5),
        Case("21°30'B", 21.5, {"letters": "vi"}),
        Case("21°75'", None),
        Case("Hà Nội", None),
    ),
)
