"""The query builder against the database: what each form of a query answers, and what is refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as some
from psycopg.types.json import Jsonb

from khue.clean.normalisers.fold import FOLD
from khue.contract.contract import Contract, draft_contract
from khue.contract.errors import KhueError, Refused
from khue.contract.query import All, Any_, Comparison, Near, Not, Order, Query, Window
from khue.contract.scope import EVERYTHING
from khue.ledger.filter import fold
from khue.ledger.query import Builder, around
from khue.ledger.read import Reader

pytestmark = pytest.mark.anyio
START = datetime(2026, 11, 22, tzinfo=UTC)


def hour(number: float) -> datetime:
    return START + timedelta(hours=number)


async def ids(reader: Reader, **asked: Any) -> list[str]:
    page = await reader.query(Query("rain", **asked), EVERYTHING)
    return [row["_id"] for row in page.rows]


async def test_state_is_read_in_order_of_id_with_its_types(write, reader: Reader) -> None:
    write.commit({"_id": "b", "amount": 1.5, "count": 3, "broken": True, "more": Jsonb({"k": [1]})}, {"_id": "a"})
    page = await reader.query(Query("rain", count=True), EVERYTHING)
    assert [row["_id"] for row in page.rows] == ["a", "b"]
    assert (page.total, page.as_of) == (2, 1)
    row = page.rows[1]
    assert (row["amount"], row["count"], row["broken"], row["more"]) == (1.5, 3, True, {"k": [1]})
    assert row["_observed_at"] == hour(1)
    assert page.rows[0]["amount"] is None


async def test_deleted_rows_are_seen_in_history_alone(write, reader: Reader) -> None:
    write.commit({"_id": "a", "amount": 1.0})
    write.commit({"_id": "a", "_deleted": True})
    assert await ids(reader) == []
    assert await ids(reader, at=hour(1)) == ["a"]
    assert await ids(reader, at=hour(2)) == []
    assert await ids(reader, of="history") == ["a", "a"]
    assert await ids(reader, of="readings") == ["a"]


async def test_state_at_a_time_is_what_was_known_then(write, reader: Reader) -> None:
    write.commit({"_id": "a", "amount": 1.0, "_observed_at": hour(1)}, {"_id": "b", "amount": 5.0})
    write.commit({"_id": "a", "amount": 2.0, "_observed_at": hour(2)})
    write.commit({"_id": "a", "amount": 0.5, "_observed_at": hour(0.5)})  # late: history only
    for moment, expected in (
        (0.5, {}),
        (1, {"a": 1.0, "b": 5.0}),
        (2.5, {"a": 2.0, "b": 5.0}),
        (9, {"a": 2.0, "b": 5.0}),
    ):
        page = await reader.query(Query("rain", at=hour(moment)), EVERYTHING)
        assert {row["_id"]: row["amount"] for row in page.rows} == expected
    assert (await reader.query(Query("rain", at=hour(2.5), ids=("a",)), EVERYTHING)).as_of == 2


async def test_state_at_a_time_of_a_case_goes_by_the_order_of_the_log(make_writer, reader: Reader) -> None:
    write = make_writer(reader.contracts["case"])
    write.commit({"_id": "a", "amount": 1.0, "_observed_at": hour(9)})
    write.commit({"_id": "a", "amount": 2.0, "_observed_at": hour(3)})
    page = await reader.query(Query("case", at=hour(2)), EVERYTHING)
    assert page.rows[0]["amount"] == 2.0


async def test_readings_are_the_last_version_of_each_time(write, reader: Reader) -> None:
    write.commit(
        {"_id": "a", "amount": 1.0, "_observed_at": hour(1)}, {"_id": "a", "amount": 2.0, "_observed_at": hour(2)}
    )
    write.commit({"_id": "a", "amount": 9.0, "_observed_at": hour(1)})
    page = await reader.query(Query("rain", of="readings"), EVERYTHING)
    assert [row["amount"] for row in page.rows] == [2.0, 9.0]
    page = await reader.query(Query("rain", of="readings", at=hour(1)), EVERYTHING)
    assert [row["amount"] for row in page.rows] == [2.0, 1.0]
    page = await reader.query(Query("rain", of="readings", where=Comparison("amount", "=", 1.0)), EVERYTHING)
    assert page.rows == ()  # the older version is no reading any more


async def test_observed_time_is_limited_with_the_end_left_out(write, reader: Reader) -> None:
    write.commit(*({"_id": f"s{n}", "_observed_at": hour(n)} for n in range(5)))
    assert await ids(reader, since=hour(1), until=hour(3)) == ["s1", "s2"]
    assert await ids(reader, of="readings", since=hour(3)) == ["s4", "s3"]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (Comparison("amount", "=", 1), "b"),
        (Comparison("amount", "!=", "1"), "cd"),
        (Comparison("amount", ">=", "2.5"), "cd"),
        (Comparison("amount", "in", (1, 7)), "bd"),
        (Comparison("amount", "between", (1, 2.5)), "bc"),
        (Comparison("amount", "is null"), "a"),
        (Comparison("amount", "is not null"), "bcd"),
        (Not(Comparison("amount", ">", 1)), "ab"),
        (All(()), "abcd"),
        (Any_(()), ""),
        (Any_((Comparison("_id", "=", "a"), All((Comparison("amount", ">", 1), Comparison("amount", "<", 3))))), "ac"),
        (Comparison("station", "contains", "dong ANH"), "a"),
        (Comparison("station", "contains", "100%"), "b"),
        (Comparison("station", "like", "Hà%"), "c"),
        (Comparison("broken", "=", "true"), "d"),
        (Comparison("_flags", "contains", "range"), "d"),
        (Comparison("_flags", "in", ("range", "x")), "d"),
        (Comparison("day", "<", "2026-11-02"), "a"),
        (Comparison("_quality", "<", 0.6), "d"),
        (Comparison("more", "is not null"), "d"),
    ],
)
async def test_filters_select_what_they_say(write, reader: Reader, where, expected: str) -> None:
    write.commit(
        {"_id": "a", "station": "Đông Anh", "station__folded": "dong anh", "day": "2026-11-01"},
        {"_id": "b", "station": "100%", "station__folded": "100%", "amount": 1.0, "day": "2026-11-02"},
        {"_id": "c", "station": "Hà Đông", "station__folded": "ha dong", "amount": 2.5},
        {"_id": "d", "amount": 7.0, "broken": True, "_flags": ["range"], "_quality": 0.5, "more": Jsonb({})},
    )
    assert "".join(await ids(reader, where=where)) == expected


async def test_windows_and_circles_hold_their_edges(write, reader: Reader) -> None:
    places = {"a": (105.8, 21.0), "b": (105.81, 21.0), "c": (106.5, 21.0), "d": (None, None)}
    write.commit(*({"_id": name, "_x": x, "_y": y} for name, (x, y) in places.items()))
    assert await ids(reader, geometry=Window(105.8, 20.9, 105.81, 21.0)) == ["a", "b"]
    assert await ids(reader, geometry=Near(105.8, 21.0, 1100)) == ["a", "b"]  # 0.01° is 1,038 m here
    assert await ids(reader, geometry=Near(105.8, 21.0, 1000)) == ["a"]


async def test_cells_given_for_a_window_narrow_it(write, database, rain: Contract) -> None:
    write.commit({"_id": "a", "_x": 1.0, "_y": 1.0, "_cell": 7}, {"_id": "b", "_x": 1.0, "_y": 1.0, "_cell": 8})
    async with Reader(database, {"rain": rain}, cells=lambda _: [7], connections=1) as reader:
        assert await ids(reader, geometry=Window(0, 0, 2, 2)) == ["a"]


async def test_order_and_pages_are_stable(write, reader: Reader) -> None:
    write.commit(*({"_id": f"s{n}", "amount": [1.0, None, 1.0, 0.0][n]} for n in range(4)))
    order = (Order("amount", descending=True),)
    assert await ids(reader, order=order) == ["s0", "s2", "s3", "s1"]
    assert await ids(reader, order=order, limit=2, offset=1) == ["s2", "s3"]
    assert await ids(reader, order=(Order("_id", descending=True),), at=hour(2), limit=2) == ["s3", "s2"]
    assert await ids(reader, limit=0) == []


async def test_chosen_properties_come_with_the_system_columns(write, reader: Reader) -> None:
    write.commit({"_id": "a", "amount": 1.0})
    row = (await reader.query(Query("rain", properties=("amount",)), EVERYTHING)).rows[0]
    assert row["amount"] == 1.0
    assert "station" not in row
    assert {"_id", "_seq", "_quality", "_extra", "_deleted"} <= row.keys()
    assert "_scope" not in row


@pytest.mark.parametrize(
    "query",
    [
        Query("rain", where=Comparison("rainfall", "=", 1)),
        Query("rain", where=Comparison('amount"; drop table state.rain; --', "=", 1)),
        Query("rain", where=Comparison("amount", "=", "much")),
        Query("rain", where=Comparison("amount", "=", float("nan"))),
        Query("rain", where=Comparison("count", "=", 2**70)),
        Query("rain", where=Comparison("count", "=", 1.5)),
        Query("rain", where=Comparison("amount", "=", None)),
        Query("rain", where=Comparison("amount", "in", "12")),
        Query("rain", where=Comparison("amount", "between", (1,))),
        Query("rain", where=Comparison("amount", "like", "1%")),
        Query("rain", where=Comparison("station", "=", "a\x00b")),
        Query("rain", where=Comparison("station", "like", "a\\")),
        Query("rain", where=Comparison("_observed_at", ">", "2026-11-22T08:00:00")),
        Query("rain", where=Comparison("more", "=", "{}")),
        Query("rain", where=Comparison("broken", "<", True)),
        Query("rain", where=Comparison("_digest", "=", "x")),
        Query("rain", order=(Order("more"),)),
        Query("rain", order=(Order("nothing"),)),
        Query("rain", properties=("nothing",)),
        Query("rain", limit=-1),
        Query("rain", limit=10**7),
        Query("rain", offset=-1),
        Query("rain", geometry=Near(0, 0, -1)),
        Query("rain", ids=("a\x00",)),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_reason(rain: Contract, query: Query) -> None:
    with pytest.raises(Refused) as refused:
        Builder(query, rain).rows()
    assert refused.value.sentence()


def test_an_unknown_property_is_refused_with_those_that_exist(rain: Contract) -> None:
    with pytest.raises(Refused, match="station, amount, count"):
        Builder(Query("rain", where=Comparison("rainfall", "=", 1)), rain).rows()


async def test_an_unknown_type_is_not_found_with_those_that_exist(reader: Reader) -> None:
    with pytest.raises(KhueError, match="case, rain"):
        await reader.query(Query("snow"), EVERYTHING)


def test_a_deep_filter_is_refused_before_it_is_a_stack(rain: Contract) -> None:
    where: Any = Comparison("amount", "=", 1)
    for _ in range(5000):
        where = Not(where)
    with pytest.raises(Refused, match="nested"):
        Builder(Query("rain", where=where), rain).rows()


@given(text=some.text(max_size=30))
def test_text_of_any_kind_stays_a_value(text: str) -> None:
    contract = draft_contract("t")
    try:
        statement = Builder(Query("t", where=Comparison("_id", "=", text)), contract).rows()
    except Refused:
        assert "\x00" in text
    else:
        assert statement.values[0] == text


@given(longitude=some.floats(-180, 180), latitude=some.floats(-90, 90), metres=some.floats(0, 20_000_000))
def test_the_window_around_a_circle_holds_its_centre(longitude: float, latitude: float, metres: float) -> None:
    window = around(Near(longitude, latitude, metres))
    assert window.west <= longitude <= window.east
    assert window.south <= latitude <= window.north


LATIN = "".join(
    chr(n) for span in ((0x20, 0x7F), (0xC0, 0x250), (0x300, 0x370), (0x1E00, 0x1F00)) for n in range(*span)
)


@given(text=some.text(LATIN, max_size=30))
def test_a_word_is_folded_as_its_column_is(text: str) -> None:
    column = pl.DataFrame({"text": [text]}, schema={"text": pl.String}).select(FOLD.expression(pl.col("text"), {}))
    assert (fold(text) or None) == (column.item() or None)
