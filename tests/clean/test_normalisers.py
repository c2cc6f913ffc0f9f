"""Each normaliser does what its table of cases says, alone as in a column, and never raises."""

import datetime as dt
import runpy
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from khue.clean import registry
from khue.clean.normalisers.entry import Case, Entry

ENTRIES = [registry.entry(name) for name in registry.names()]
CASES = [pytest.param(entry, case, id=f"{entry.name}-{case.written!r}") for entry in ENTRIES for case in entry.cases]
OPTIONS = [{}, {"decimal": ","}, {"decimal": "."}, {"date_order": "mdy"}, {"date_order": "ymd", "zone": "UTC"}]
PIECES = st.sampled_from(
    [
        *"0123456789",
        ".",
        ",",
        "-",
        "+",
        " ",
        "/",
        ":",
        "T",
        "Z",
        "e",
        "h",
        "°",
        "'",
        "2021",
        "01",
        "31",
        "+07:00",
        "\xa0",
        "\u200b",
        "ắ",
        "Đ",
        "ngày ",
        " tháng ",
        " năm ",
        "nan",
        "inf",
        "có",
        "{",
        "}",
        '"',
        "\x00",
    ]
)
WRITTEN = st.one_of(
    st.text(max_size=20),
    st.lists(PIECES, max_size=12).map("".join),
    st.dates(dt.date(1890, 1, 1), dt.date(2110, 1, 1)).map(str),
    st.floats().map(str),
    st.integers().map(str),
)


def apply(entry: Entry, texts: list[str | None], options: dict) -> list:
    frame = pl.DataFrame({"t": texts}, schema={"t": pl.String})
    return frame.select(entry.expression(pl.col("t"), options)).to_series().to_list()


def shown(value: object) -> object:
    return value.isoformat() if isinstance(value, dt.date) else value


@pytest.mark.parametrize(("entry", "case"), CASES)
def test_case_of_the_table(entry: Entry, case: Case) -> None:
    result = shown(apply(entry, [case.written], dict(case.options))[0])
    assert result == (pytest.approx(case.result) if isinstance(case.result, float) else case.result)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_null_in_is_null_out(entry: Entry) -> None:
    assert apply(entry, [None, None], {}) == [None, None]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
@given(texts=st.lists(st.none() | WRITTEN, min_size=1, max_size=12), options=st.sampled_from(OPTIONS))
@settings(max_examples=15, deadline=None)
def test_same_alone_as_in_a_column_and_attempts_agree(entry: Entry, texts: list[str | None], options: dict) -> None:
    options = {**entry.cases[0].options, **options}
    together = apply(entry, texts, options)
    assert together == [apply(entry, [text], options)[0] for text in texts]
    frame = pl.DataFrame({"t": texts}, schema={"t": pl.String})
    for attempt in entry.attempts:
        quick = frame.select(attempt(pl.col("t"), options)).to_series().to_list()
        assert [a for a in quick if a is not None] == [b for a, b in zip(quick, together, strict=True) if a is not None]


@pytest.mark.parametrize(
    "entry", [entry for entry in ENTRIES if entry.makes in ("text", "string")], ids=lambda e: e.name
)
@given(texts=st.lists(WRITTEN, min_size=1, max_size=12))
@settings(max_examples=15, deadline=None)
def test_text_to_text_is_idempotent(entry: Entry, texts: list[str]) -> None:
    options = dict(entry.cases[0].options)
    once = apply(entry, texts, options)
    assert apply(entry, once, options) == once


@given(number=st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12))
@settings(max_examples=25, deadline=None)
def test_a_number_written_in_either_convention_is_read_back(number: float) -> None:
    rounded = round(number, 2)
    international = f"{rounded:,.2f}"
    vietnamese = international.translate(str.maketrans(",.", ".,"))
    entry = registry.entry("number")
    assert apply(entry, [international], {"decimal": "."}) == [rounded]
    assert apply(entry, [vietnamese], {"decimal": ","}) == [rounded]
    if "," in international:
        assert apply(entry, [international, vietnamese], {}) == [rounded, rounded]


@given(day=st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31)))
@settings(max_examples=25, deadline=None)
def test_a_day_is_read_back_from_every_form(day: dt.date) -> None:
    forms = [f"{day:%d/%m/%Y}", day.isoformat(), f"{day.day}-{day.month}-{day.year}", f"{day:%Y%m%d}"]
    forms.append(f"Ngày {day.day} tháng {day.month} năm {day.year}")
    assert apply(registry.entry("date"), forms, {}) == [day] * len(forms)


def test_an_unknown_normaliser_is_named_with_the_known_ones() -> None:
    with pytest.raises(Exception, match=r"no normaliser 'telepathy'.*whitespace"):
        registry.entry("telepathy")


def test_the_page_of_the_normalisers_is_up_to_date() -> None:
    root = Path(__file__).resolve().parents[2]
    written = runpy.run_path(str(root / "tools" / "normaliser_docs.py"))["page"]()
    page = (root / "docs" / "normalisers.md").read_text(encoding="utf-8")
    assert page == written, "run `python tools/normaliser_docs.py`"
