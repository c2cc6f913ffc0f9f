"""How numbers, moments and ages are written: 1.234,5 and 22/11/2026 08:05 in Vietnamese, their like in English."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal

from khue.web.language import Language

_MOMENT = {"vi": "dd/MM/yyyy HH:mm", "en": "d MMM yyyy HH:mm"}
_DAY = {"vi": "dd/MM/yyyy", "en": "d MMM yyyy"}
_UNITS: tuple[tuple[Literal["year", "month", "day", "hour", "minute", "second"], int], ...] = (
    ("year", 365 * 86400), ("month", 30 * 86400), ("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1),
)  # fmt: skip
_NEVER = 1e9  # no unit but the one named
_KNOWN_AT = {"vi": "HH:mm 'ngày' dd/MM/yyyy", "en": "HH:mm 'on' d MMM yyyy"}


@dataclass(frozen=True, slots=True)
class Formats:
    """The written forms of one language in one time zone; None is written as nothing."""

    language: Language
    zone: str

    def number(self, value: float | None, decimals: int | None = None) -> str:
        """Write a number with `decimals` places, or with as many as it has, six at most."""
        if value is None:
            return ""
        places = "#,##0.######" if decimals is None else "#,##0." + "0" * decimals if decimals else "#,##0"
        return format_decimal(value, places, locale=self.language)

    def percent(self, part: int, whole: int) -> str:
        """Write part of whole as a percentage, rounded down to a tenth: 100 % means all of it, 0 % none of it."""
        if not whole:
            return "–"
        tenths = part * 1000 // whole
        if part and not tenths:
            return f"< {self.number(0.1)} %"
        return self.number(tenths / 10, None if tenths % 10 == 0 else 1) + " %"

    def moment(self, when: datetime | None) -> str:
        """Write a moment in the city's time, to the minute."""
        return self._write(when, _MOMENT[self.language])

    def day(self, when: datetime | None) -> str:
        """Write the day of a moment in the city's time."""
        return self._write(when, _DAY[self.language])

    def day_of(self, day: date) -> str:
        """Write a day that has no time."""
        return format_date(day, _DAY[self.language], locale=self.language)

    def clock(self, when: datetime | None) -> str:
        """Write a time of day in the city's time, to the second."""
        return self._write(when, "HH:mm:ss")

    def known_at(self, when: datetime | None) -> str:
        """Write the moment of a time-travelled page: 08:00 ngày 20/11/2026."""
        return self._write(when, _KNOWN_AT[self.language])

    def field(self, when: datetime | None) -> str:
        """Write a moment as the value of a datetime-local field."""
        return self._write(when, "yyyy-MM-dd'T'HH:mm")

    def age(self, when: datetime | None, now: datetime) -> str:
        """Write how long ago a moment was, in whole units: 4 phút trước. `assets/ages.ts` writes the same."""
        if when is None:
            return ""
        seconds = max(int((now - when).total_seconds()), 0)
        unit, size = next((pair for pair in _UNITS if seconds >= pair[1]), _UNITS[-1])
        whole = timedelta(seconds=-(seconds // size * size))
        return format_timedelta(whole, granularity=unit, threshold=_NEVER, add_direction=True, locale=self.language)

    def span(self, seconds: float) -> str:
        """Write a length of time: 10 phút."""
        return format_timedelta(timedelta(seconds=seconds), threshold=1, locale=self.language)

    def _write(self, when: datetime | None, pattern: str) -> str:
        if when is None:
            return ""
        return format_datetime(when, pattern, tzinfo=ZoneInfo(self.zone), locale=self.language)
