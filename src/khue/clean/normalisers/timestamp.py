"""Timestamp: a moment, kept in UTC.

Source: ISO 8601 and RFC 3339; Vietnamese usage (22/11/2026 08:05, 08:05 22/11/2026, 8h05); Excel serial days with a
fraction; seconds or milliseconds since 1970 (ten or thirteen digits).

A time without a zone is in the source's `zone` (Asia/Ho_Chi_Minh by default); the earlier of two where clocks went
back, refused where they went forward over it. A date alone is its midnight there.
"""

import polars as pl

from khue.clean.normalisers.date import FIRST_SERIAL, LAST_SERIAL, date, in_range
from khue.clean.normalisers.entry import Case, Entry, Expression, Options
from khue.clean.normalisers.staged import first_of, staged
from khue.clean.normalisers.text import clean_text

ZONE = "Asia/Ho_Chi_Minh"
MOMENT = pl.Datetime("us", "UTC")
_TIME = r"(?P<hour>\d{1,2})(?:[:h](?P<minute>\d{2})?)(?::(?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?"
_HALF = r" ?(?P<half>[SsCcAaPp][AaHhMm])?"
_DAY_FIRST = rf"^(?P<day>\S.*?\d)(?:T|,? ){_TIME}{_HALF} ?(?P<zone>Z|z|UTC|[+-]\d{{2}}(?::?\d{{2}})?)?$"
_TIME_FIRST = rf"^{_TIME}{_HALF}(?P<zone>Z)?,? (?:ngày )?(?P<day>\d.*)$"


def to_utc(local: pl.Expr, zone: str) -> pl.Expr:
    """Return the moment of a local time in `zone`."""
    return local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")


def midnight(day: pl.Expr, zone: str) -> pl.Expr:
    """Return the moment at which a date begins in `zone`."""
    return to_utc(day.cast(pl.Datetime("us")), zone)


def zone_of(options: Options) -> str:
    """Return the source's time zone."""
    return str(options.get("zone") or ZONE)


def _zoned(form: str) -> Expression:
    def attempt(text: pl.Expr, options: Options) -> pl.Expr:  # noqa: ARG001
        return in_range(text.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False))

    return attempt


def _naive(form: str) -> Expression:
    def attempt(text: pl.Expr, options: Options) -> pl.Expr:
        return in_range(to_utc(text.str.to_datetime(form, time_unit="us", strict=False), zone_of(options)))

    return attempt


_ATTEMPTS = (
    _zoned("%Y-%m-%dT%H:%M:%S%.f%#z"),
    _zoned("%Y-%m-%d %H:%M:%S%.f%#z"),
    _naive("%Y-%m-%dT%H:%M:%S%.f"),
    _naive("%Y-%m-%d %H:%M:%S%.f"),
)


def _hour() -> pl.Expr:
    """Return the hour on the clock of 24, from the halves of the day: SA and AM, CH and PM."""
    hour = pl.col("hour").cast(pl.Int64, strict=False)
    half = pl.col("half").str.to_uppercase()
    twelve = pl.when(hour.is_between(1, 12)).then(hour % 12)
    return (
        pl.when(half.is_in(("CH", "PM")))
        .then(twelve + 12)
        .when(half.is_in(("SA", "AM")))
        .then(twelve)
        .otherwise(pl.when(half.is_null()).then(hour))
    )


def _number(name: str, last: int) -> pl.Expr:
    value = pl.col(name).cast(pl.Int64, strict=False).fill_null(0)
    return pl.when(value.is_between(0, last)).then(value).alias(name)


def _from_words(text: pl.Expr, pattern: str, options: Options) -> pl.Expr:
    """Read a day and a time that `pattern` takes apart."""
    return staged(text, lambda column: _moments(column, pattern, options), MOMENT)


def _moments(column: pl.Series, pattern: str, options: Options) -> pl.Series:
    parts = column.str.extract_groups(pattern).struct.unnest()
    taken = parts.select(
        date(pl.col("day"), options).cast(pl.Datetime("us")).alias("day"),
        _hour().alias("hour"),
        _number("minute", 59),
        _number("second", 59),
        pl.col("part").fill_null("0").str.pad_end(6, "0").str.head(6).cast(pl.Int64, strict=False),
        pl.col("zone").str.to_uppercase(),
    )
    hour = pl.when(pl.col("hour").is_between(0, 23)).then(pl.col("hour"))
    since = pl.duration(hours=hour, minutes="minute", seconds="second", microseconds="part")
    local = taken.select((pl.col("day") + since).alias("local"), "zone", _offset().alias("offset"))
    fixed = (pl.col("local") - pl.duration(minutes="offset")).dt.replace_time_zone("UTC")
    there = pl.when(pl.col("offset").abs() < 24 * 60).then(fixed)
    here = to_utc(pl.col("local"), zone_of(options))
    return local.select(pl.when(pl.col("zone").is_null()).then(here).otherwise(there)).to_series()


def _offset() -> pl.Expr:
    """Return the minutes that a written zone is before UTC."""
    sign = pl.when(pl.col("zone").str.starts_with("-")).then(-1).otherwise(1)
    digits = pl.col("zone").str.replace_all("[^0-9]", "").str.pad_end(4, "0").cast(pl.Int64, strict=False).fill_null(0)
    return sign * (digits // 100 * 60 + digits % 100)


def from_number(value: pl.Expr, options: Options) -> pl.Expr:
    """Read an Excel serial day with its fraction, or seconds or milliseconds since 1970; else null."""
    days = pl.when(value.is_between(FIRST_SERIAL, LAST_SERIAL + 1)).then(value)
    seconds = (days * 86_400).round().cast(pl.Int64, strict=False)  # Excel keeps no more than seconds reliably
    local = pl.datetime(1899, 12, 30) + pl.duration(seconds=seconds)
    millis = pl.when(value.is_between(1e9, 4.2e9)).then(value * 1000).when(value.is_between(1e12, 4.2e12)).then(value)
    since = pl.from_epoch(millis.round().cast(pl.Int64, strict=False), time_unit="ms").cast(pl.Datetime("us"))
    return in_range(pl.coalesce(to_utc(local, zone_of(options)), since.dt.replace_time_zone("UTC")))


def timestamp(text: pl.Expr, options: Options) -> pl.Expr:
    """Read a moment; what is none is null."""
    return staged(clean_text(text, {}), lambda column: _read(column, options), MOMENT)


def _read(column: pl.Series, options: Options) -> pl.Series:
    written = pl.col("t")
    serial = pl.when(written.str.contains(r"^(?:\d{5}(?:\.\d+)?|\d{10}|\d{13})$")).then(
        written.cast(pl.Float64, strict=False)
    )
    day = pl.when(~written.str.contains(r"^\d{5}(?:\.\d*)?$")).then(written)
    return first_of(
        column,
        [
            *(attempt(written, options) for attempt in _ATTEMPTS),
            in_range(_from_words(written, _DAY_FIRST, options)),
            in_range(_from_words(written, _TIME_FIRST, options)),
            midnight(date(day, options), zone_of(options)),
            from_number(serial, options),
        ],
    )


TIMESTAMP = Entry(
    name="timestamp",
    makes="timestamp",
    expression=timestamp,
    attempts=_ATTEMPTS,
    source="ISO 8601; RFC 3339; Vietnamese usage; Excel 1900 date system",
    cases=(
        Case("2026-05-21 09:04:56+00:00", "2026-05-21T09:04:56+00:00"),
        Case("2026-05-21T09:04:56Z", "2026-05-21T09:04:56+00:00"),
        Case("2026-05-21T09:04:56.25+07:00", "2026-05-21T02:04:56.250000+00:00"),
        Case("2026-05-21 08:05:00", "2026-05-21T01:05:00+00:00"),
        Case("2026-05-21 08:05:00", "2026-05-21T08:05:00+00:00", {"zone": "UTC"}),
        Case("22/11/2026 08:05", "2026-11-22T01:05:00+00:00"),
        Case("08:05 22/11/2026", "2026-11-22T01:05:00+00:00"),
        Case("8h05 ngày 22/11/2026", "2026-11-22T01:05:00+00:00"),
        Case("22/11/2026 08:05 CH", "2026-11-22T13:05:00+00:00"),
        Case("22/11/2026", "2026-11-21T17:00:00+00:00"),
        Case("44500.5", "2021-10-31T05:00:00+00:00"),
        Case("1795309500", "2026-11-22T01:05:00+00:00"),
        Case("22/11/2026 25:00", None),
        Case("9999-12-31T00:00:00Z", None),
    ),
)
