"""Open data, as the public's role reads it."""

import csv
import io

import httpx
import pytest

pytestmark = pytest.mark.anyio
LANG = "urn:ngsi-ld:RainObserved:lang"


async def test_a_dataset_is_csv_with_its_commit_and_licence(written, doors: httpx.AsyncClient) -> None:
    answer = await doors.get("/open/rain_gauge.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["station"]: row["amount"] for row in rows} == {"Láng": "12.5", "Hà Đông": "3", "Sóc Sơn": ""}
    assert rows[0]["observed_at"].endswith("+00")
    assert answer.headers["etag"] == 'W/"1"'
    assert answer.headers["khue-commit"] == "1"
    assert '<https://example.org/licence>; rel="license"' in answer.headers["link"]
    assert "broken" not in rows[0]


async def test_a_dataset_is_json_too(written, doors: httpx.AsyncClient) -> None:
    rows = (await doors.get("/open/rain_gauge.json")).json()
    assert {row["station"]: row["amount"] for row in rows} == {"Láng": 12.5, "Hà Đông": 3.0, "Sóc Sơn": None}
    assert rows[0].keys() == {"id", "observed_at", "quality", "station", "amount"}
    assert (await doors.get("/open/rain_gauge.json?since=2030-01-01T00:00:00Z")).json() == []


async def test_who_asks_again_is_told_that_nothing_changed(written, doors: httpx.AsyncClient) -> None:
    tag = (await doors.get("/open/rain_gauge.csv")).headers["etag"]
    again = await doors.get("/open/rain_gauge.csv", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    written.commit({"_id": LANG, "station": "Láng", "amount": 11.0, "_observed_at": "2026-11-22T01:00:00Z"})
    mended = await doors.get("/open/rain_gauge.csv", headers={"If-None-Match": tag})
    assert mended.status_code == 200
    assert "11" in mended.text
    assert "12.5" not in mended.text


async def test_a_part_is_limited_by_time_and_number(written, doors: httpx.AsyncClient) -> None:
    written.commit({"_id": LANG, "station": "Láng", "amount": 1.0})
    assert len((await doors.get("/open/rain_gauge.json?limit=1")).json()) == 1
    assert len((await doors.get("/open/rain_gauge.json?since=2026-11-22T02:00:00Z")).json()) == 1
    assert len((await doors.get("/open/rain_gauge.json?until=2026-11-22T02:00:00Z")).json()) == 3


@pytest.mark.parametrize(
    ("address", "status"),
    [("nothing.csv", 404), ("_latest.csv", 404), ("rain_gauge.csv?limit=x", 400), ("rain_gauge.csv?colour=1", 400)],
)
async def test_what_is_not_there_is_said(written, doors: httpx.AsyncClient, address: str, status: int) -> None:
    answer = await doors.get(f"/open/{address}")
    assert answer.status_code == status
    assert answer.json()["detail"]


async def test_the_index_lists_each_dataset_with_its_columns(written, doors: httpx.AsyncClient) -> None:
    listed = (await doors.get("/open")).json()["datasets"]
    assert [one["dataset"] for one in listed] == ["rain_gauge"]
    assert [column["name"] for column in listed[0]["columns"]] == ["id", "observed_at", "quality", "station", "amount"]
    assert (listed[0]["commit"], listed[0]["csv"]) == (1, "/open/rain_gauge.csv")
