from datetime import UTC, date, datetime, timedelta

import pytest

from khue.web.formats import Formats

WHEN = datetime(2026, 11, 22, 1, 5, tzinfo=UTC)
VI = Formats("vi", "Asia/Ho_Chi_Minh")
EN = Formats("en", "Asia/Ho_Chi_Minh")


@pytest.mark.parametrize(
    ("value", "decimals", "vi", "en"),
    [
        (1234.5, None, "1.234,5", "1,234.5"),
        (1234.5, 2, "1.234,50", "1,234.50"),
        (0, None, "0", "0"),
        (-0.5, 1, "-0,5", "-0.5"),
        (1234567, 0, "1.234.567", "1,234,567"),
        (None, 1, "", ""),
    ],
)
def test_numbers_are_written_as_the_language_writes_them(
    value: float | None, decimals: int | None, vi: str, en: str
) -> None:
    assert VI.number(value, decimals) == vi
    assert EN.number(value, decimals) == en


def test_moments_are_written_in_the_citys_time() -> None:
    assert VI.moment(WHEN) == "22/11/2026 08:05"
    assert EN.moment(WHEN) == "22 Nov 2026 08:05"
    assert VI.known_at(WHEN) == "08:05 ngày 22/11/2026"
    assert VI.field(WHEN) == "2026-11-22T08:05"
    assert VI.day_of(date(2026, 11, 2)) == "02/11/2026"
    assert VI.moment(None) == ""


@pytest.mark.parametrize(
    ("past", "vi", "en"),
    [
        (timedelta(minutes=4), "4 phút trước", "4 minutes ago"),
        (timedelta(hours=1), "1 giờ trước", "1 hour ago"),
        (timedelta(days=3), "3 ngày trước", "3 days ago"),
    ],
)
def test_an_age_is_said_in_words(past: timedelta, vi: str, en: str) -> None:
    assert VI.age(WHEN - past, WHEN) == vi
    assert EN.age(WHEN - past, WHEN) == en


def test_a_moment_in_the_future_is_no_negative_age() -> None:
    assert "0" in VI.age(WHEN + timedelta(minutes=1), WHEN)


def test_a_hundred_percent_means_all_of_it_and_nought_means_none() -> None:
    assert VI.percent(99_999, 100_000) == "99,9 %"
    assert VI.percent(3, 3) == "100 %"
    assert VI.percent(0, 0) == "–"
    assert VI.percent(0, 7) == "0 %"
    assert VI.percent(7, 70_560) == "< 0,1 %"
