"""Date: a day of the calendar.

Source: ISO 8601; dd/mm/yyyy of Vietnamese documents (Nghị định 30/2020/NĐ-CP, "ngày … tháng … năm …"); serial days
of Excel (1900 date system: day 1 is 1 January 1900, so 30 December 1899 is 0 for every day after February 1900).

Option `date_order` ("dmy" by default, "mdy", "ymd") rules what begins with one or two digits. Two-digit years and
years outside 1900 to 2100 are refused: a wrong century is worse than a question. A time other than midnight is refused.
"""

import polars as pl

from khue.clean.normalisers.entry import Case, Entry, Options
from khue.clean.normalisers.staged import first_of, staged
from khue.clean.normalisers.text import clean_text

FIRST_YEAR, LAST_YEAR = 1900, 2100
FIRST_SERIAL, LAST_SERIAL = 61, 73415  # 1900-03-01 (the one after Excel's false leap day) to 2100-12-31
EXCEL_EPOCH = pl.date(1899, 12, 30)
_MIDNIGHT = r"(?:[T ]+0?0:00(?::00(?:\.0+)?)?)?$"
_YEAR_FIRST = r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})" + _MIDNIGHT
_YEAR_LAST = r"^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})" + _MIDNIGHT
_WORDS = r"(?i)^(?:ngày )?(\d{1,2}) tháng (\d{1,2}) năm (\d{4})$"
_COMPACT = r"^((?:19|20)\d{2})(\d{2})(\d{2})$"
_QUICK = {"dmy": "%d/%m/%Y", "mdy": "%m/%d/%Y", "ymd": "%Y/%m/%d"}


def in_range(day: pl.Expr) -> pl.Expr:
    """Return dates and times whose year is 1900 to 2100, else null."""
    return day.map_batches(_in_range, is_elementwise=True)


def _in_range(days: pl.Series) -> pl.Series:
    years = days.dt.year()
    if years.is_between(FIRST_YEAR, LAST_YEAR).all():
        return days
    return (
        days.to_frame("d")
        .select(pl.when(pl.lit(years).is_between(FIRST_YEAR, LAST_YEAR)).then(pl.col("d")))
        .to_series()
    )


def iso_date(text: pl.Expr, options: Options) -> pl.Expr:  # noqa: ARG001
    """Read yyyy-mm-dd, else null."""
    return in_range(text.str.to_date("%Y-%m-%d", strict=False))


def ordered_date(text: pl.Expr, options: Options) -> pl.Expr:
    """Read three numbers with slashes in the source's order, else null."""
    return in_range(text.str.to_date(_QUICK[options.get("date_order", "dmy")], strict=False))


def _from_parts(text: pl.Expr, pattern: str, order: tuple[int, int, int]) -> pl.Expr:
    year, month, day = (text.str.extract(pattern, group) for group in order)
    return pl.concat_str([year, month, day], separator="-").str.to_date("%Y-%m-%d", strict=False)


def from_serial(serial: pl.Expr) -> pl.Expr:
    """Return the day of an Excel serial number (its whole part), else null."""
    days = pl.when(serial.is_between(FIRST_SERIAL, LAST_SERIAL)).then(serial.floor()).cast(pl.Int64, strict=False)
    return EXCEL_EPOCH + pl.duration(days=days)


def date(text: pl.Expr, options: Options) -> pl.Expr:
    """Read a day; what is none is null."""
    return staged(clean_text(text, {}), lambda column: _read(column, options), pl.Date())


def _read(column: pl.Series, options: Options) -> pl.Series:
    written = pl.col("t")
    last = (3, 1, 2) if options.get("date_order") == "mdy" else (3, 2, 1)
    serial = pl.when(written.str.contains(r"^\d{4,5}(?:\.0+)?$")).then(written.cast(pl.Float64, strict=False))
    return first_of(
        column,
        [
            iso_date(written, options),
            ordered_date(written, options),
            *(
                in_range(_from_parts(written, pattern, order))
                for pattern, order in (
                    (_YEAR_FIRST, (1, 2, 3)),
                    (_YEAR_LAST, last),
                    (_WORDS, (3, 2, 1)),
                    (_COMPACT, (1, 2, 3)),
                )
            ),
            in_range(from_serial(pl.when(serial >= 10_000).then(serial))),  # four digits are a year, not a serial
        ],
    )


DATE = Entry(
    name="date",
    makes="date",
    expression=date,
    attempts=(iso_date, ordered_date),
    source="ISO 8601; Nghị định 30/2020/NĐ-CP; Excel 1900 date system",
    cases=(
        Case("2021-10-31", "2021-10-31"),
        Case("31/10/2021", "2021-10-31"),
        Case("31-10-2021", "2021-10-31"),
        Case("1.2.2021", "2021-02-01"),
        Case("ngày 02 tháng 9 năm 2025", "2025-09-02"),
        Case("10/31/2021", "2021-10-31", {"date_order": "mdy"}),
        Case("10/31/2021", None),
        Case("44500", "2021-10-31"),
        Case("20211031", "2021-10-31"),
        Case("31/10/2021 00:00:00", "2021-10-31"),
        Case("31/10/21", None),
        Case("29/02/2021", None),
        Case("31/12/9999", None),
        Case("2021", None),
    ),
)
