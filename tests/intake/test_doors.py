"""The doors answer with the standard's codes, and say where what was rejected waits."""

import asyncio
from dataclasses import replace

import httpx
import pytest
from starlette.applications import Starlette

from khue.contract.receipt import Receipt
from khue.intake.doors import Doors
from khue.intake.group import GroupCommit
from khue.intake.ngsild_doors import NgsiLdDoors

NAME = "urn:ngsi-ld:AirQualityObserved:A"
ENTITY = {"id": NAME, "type": "AirQualityObserved", "station": "A", "co": 1}
REASON = {"check": "co_possible", "field": "co", "en": "co cannot be", "vi": "co không thể có"}


class TestClient:
    """Calls the application itself, without a socket."""

    __test__ = False

    def __init__(self, app):
        self.app = app

    def request(self, method, url, **more):
        async def call():
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://khue") as client:
                return await client.request(method, url, **more)

        return asyncio.run(call())

    def post(self, url, **more):
        return self.request("POST", url, **more)

    def patch(self, url, **more):
        return self.request("PATCH", url, **more)


class House:
    """Rejects records whose station is "bad"."""

    def __init__(self):
        self.known = set()

    def prepare(self, batch):
        def commit():
            receipts = []
            for part in batch.parts:
                rows = batch.frame.slice(part.start, part.end - part.start)
                bad = rows.filter(rows["station"] == "bad").height if "station" in rows.columns else 0
                if "_id" in rows.columns:
                    self.known |= set(rows["_id"].drop_nulls())
                receipts.append(Receipt(rows.height, rows.height - bad, rejected=bad, first=9, last=9))
            return receipts

        return commit

    async def existing(self, _type, names):
        return {name: None for name in names if name in self.known}

    async def reasons(self, _seq):
        return [{"id": "urn:ngsi-ld:AirQualityObserved:bad", "row": 1, "action": "reject", "reasons": [REASON]}]


@pytest.fixture
def doors(air, air_flat):
    house = House()
    group = GroupCommit(house.prepare, lambda _: air)
    group.start()
    yield Doors(group, lambda: {"air": air}, house.existing, house.reasons, {"air-flat": air_flat})
    group.stop()


@pytest.fixture
def client(doors):
    return TestClient(Starlette(routes=[*doors.routes(), *NgsiLdDoors(doors).routes()]))


@pytest.mark.parametrize(
    ("content", "kind", "received"),
    [
        (b'[{"station":"a","co":1},{"station":"b"}]', "application/json", 2),
        (b'{"station":"a"}\n{"station":"b"}\n{"station":"c"}\n', "application/x-ndjson", 3),
        (b"station,co\na,1\n", "text/csv", 1),
        (b"station;co\na;1\n", "application/octet-stream", 1),
    ],
)
def test_ingest_takes_json_ndjson_and_csv(client, content, kind, received):
    answer = client.post("/api/v1/ingest/air", content=content, headers={"content-type": kind})
    assert answer.status_code == 201
    assert answer.json()["received"] == received


def test_ingest_says_what_was_rejected_and_where_it_waits(client):
    some = client.post("/api/v1/ingest/air", content=b"station,co\na,1\nbad,2\n")
    assert some.status_code == 207
    assert some.json()["reasons"][0]["reasons"] == [REASON]
    assert some.json()["quarantine"].endswith("commit=9")
    assert client.post("/api/v1/ingest/air", content=b"station,co\nbad,2\n").status_code == 422


def test_ingest_reads_by_a_named_source(client):
    url = "/api/v1/ingest/air?source=air-flat"
    assert client.post(url, content="trạm,lúc,CO\na,2026,1\n".encode()).status_code == 201
    assert client.post("/api/v1/ingest/air?source=none", content=b"a,b\n1,2\n").status_code == 400


@pytest.mark.parametrize("name", ["x;drop", "1a", "a" * 60, "a-b"])
def test_a_name_that_no_table_could_have_is_refused(client, name):
    answer = client.post(f"/api/v1/ingest/{name}", content=b"a,b\n1,2\n")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_key_is_asked_for_where_one_is_set(doors):
    client = TestClient(Starlette(routes=replace(doors, key="secret").routes()))
    assert client.post("/api/v1/ingest/air", content=b"a,b\n1,2\n").status_code == 403
    for headers in ({"x-api-key": "secret"}, {"authorization": "Bearer secret"}):
        assert client.post("/api/v1/ingest/air", content=b"station\na\n", headers=headers).status_code == 201


def test_a_body_beyond_the_limit_is_refused(doors):
    client = TestClient(Starlette(routes=replace(doors, max_body=100).routes()))
    assert client.post("/api/v1/ingest/air", content=b"x" * 101).status_code == 413


def test_create_answers_201_then_409_and_400_for_a_rejected_one(client):
    made = client.post("/ngsi-ld/v1/entities", json=ENTITY)
    assert (made.status_code, made.headers["location"]) == (201, f"/ngsi-ld/v1/entities/{NAME}")
    again = client.post("/ngsi-ld/v1/entities", json=ENTITY)
    assert again.status_code == 409
    assert again.json()["type"].endswith("/AlreadyExists")
    bad = client.post("/ngsi-ld/v1/entities", json={**ENTITY, "id": NAME + "2", "station": "bad"})
    assert bad.status_code == 400
    assert bad.json()["reasons"] == [REASON]
    assert bad.json()["quarantine"].endswith("commit=9")


def test_patch_answers_404_then_204(client):
    url = f"/ngsi-ld/v1/entities/{NAME}/attrs"
    assert client.patch(url, json={"co": 2}).status_code == 404
    client.post("/ngsi-ld/v1/entities", json=ENTITY)
    assert client.patch(url, json={"co": {"value": 2}}).status_code == 204
    assert client.patch(url, content=b"{nope").status_code == 400


def test_upsert_answers_201_204_and_207_with_each_error(client):
    url = "/ngsi-ld/v1/entityOperations/upsert"
    assert client.post(url, json=[ENTITY]).json() == [NAME]
    assert client.post(url, json=[ENTITY]).status_code == 204
    assert (
        client.post(url + "?options=update", json=[{"id": NAME, "type": "AirQualityObserved", "co": 3}]).status_code
        == 204
    )
    bad = {**ENTITY, "id": "urn:ngsi-ld:AirQualityObserved:bad", "station": "bad"}
    some = client.post(url, json=[ENTITY, bad])
    assert some.status_code == 207
    assert some.json()["success"] == [NAME]
    assert some.json()["errors"][0]["entityId"] == bad["id"]


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"[NaN]", b"[1]", b"nonsense", b"[" * 1000])
def test_bad_bodies_are_problems_not_faults(client, content):
    for url in ("/ngsi-ld/v1/entities", "/ngsi-ld/v1/entityOperations/upsert"):
        answer = client.post(url, content=content)
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"
