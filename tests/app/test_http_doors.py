"""The doors against a real record: what is acknowledged is in it once, whatever comes in beside it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from tests.app.conftest import House

from khue.app.web_process import application
from khue.ledger.verify import verify

HERE = "http://127.0.0.1:8000"
AIR = "AirQualityObserved"
Work = Callable[[httpx.AsyncClient], Awaitable[Any]]

ROUNDS = 25


def through(house: House, work: Work) -> Any:
    """Run `work` with a client of the house's own application, opened and closed around it."""

    async def run() -> Any:
        with house.opened() as opened:
            async with application(opened) as app:
                transport = httpx.ASGITransport(app)
                async with httpx.AsyncClient(transport=transport, base_url=HERE, timeout=60) as client:
                    return await work(client)

    return asyncio.run(run())


def whole(house: House) -> bool:
    with house.opened() as opened:
        return verify(opened.database) == []


def entity(station: str, **values: Any) -> dict[str, Any]:
    return {
        "id": f"urn:ngsi-ld:{AIR}:{station}",
        "type": AIR,
        "stationName": station,
        "dateObserved": "2026-11-20T08:00:00Z",
        **values,
    }


def test_200_writes_of_32_clients_are_in_the_record_exactly_once(fresh: House) -> None:
    async def work(client: httpx.AsyncClient) -> list[int]:
        async def one(number: int) -> list[int]:
            codes = []
            for place in range(number, 200, 32):
                sent = entity(f"S{place}", pm25=place)
                answer = await client.post("/ngsi-ld/v1/entities", json=sent, headers={"idempotency-key": f"k{place}"})
                codes.append(answer.status_code)
                assert answer.headers["khue-commit"]
            return codes

        return [code for codes in await asyncio.gather(*(one(n) for n in range(32))) for code in codes]

    assert through(fresh, work) == [201] * 200
    assert fresh.rows("select count(*), count(distinct _id), sum(pm25) from history.air_station") == [(200, 200, 19900)]
    assert fresh.rows("select count(*) from khue.commit where kind = 'data'") == [(200,)]
    assert whole(fresh)


def test_patches_of_one_entity_at_the_same_time_all_enter_in_an_order(fresh: House) -> None:
    names = ("pm25", "pm10", "no2", "so2", "o3", "co")

    async def work(client: httpx.AsyncClient) -> list[int]:
        codes: list[int] = []
        for round_ in range(ROUNDS):  # two writers turned the order round in about one of a hundred
            await client.post("/ngsi-ld/v1/entities", json=entity(f"A{round_}", pm25=0))
            url = f"/ngsi-ld/v1/entities/urn:ngsi-ld:{AIR}:A{round_}/attrs"
            sent = [client.patch(url, json={name: 7}) for name in names]
            codes += [answer.status_code for answer in await asyncio.gather(*sent)]
        return codes

    assert through(fresh, work) == [204] * 6 * ROUNDS
    assert fresh.rows("select pm25, pm10, no2, so2, o3, co from state.air_station") == [(7,) * 6] * ROUNDS
    assert whole(fresh)


def test_a_bad_request_beside_good_ones_harms_none_of_them(fresh: House) -> None:
    bad = [b"{nope", b"[1]", b'{"a":1}', b"[" * 500, json.dumps(entity("x\0y", pm25=1)).encode()]

    async def work(client: httpx.AsyncClient) -> list[int]:
        good = [client.post("/ngsi-ld/v1/entities", json=entity(f"G{n}", pm25=n)) for n in range(20)]
        odd = [client.post("/ngsi-ld/v1/entities", content=content) for content in bad]
        mixed = [one for n, one in enumerate(good) for one in (one, *odd[n : n + 1])]
        return sorted(answer.status_code for answer in await asyncio.gather(*mixed))

    codes = through(fresh, work)
    assert codes == [201] * 20 + [400] * 5
    assert fresh.rows("select count(*) from state.air_station where pm25 is not null") == [(20,)]
    assert whole(fresh)


def test_a_key_is_answered_its_first_receipt_also_after_a_restart(fresh: House) -> None:
    async def work(client: httpx.AsyncClient) -> dict[str, Any]:
        url, headers = "/api/v1/ingest/rain_gauge", {"idempotency-key": "one", "content-type": "text/csv"}
        body = "station,observed_on,precipitation\nLáng,2021-10-01,5\n"
        return (await client.post(url, content=body.encode(), headers=headers)).json()

    first, again = through(fresh, work), through(fresh, work)
    assert (first["again"], again["again"]) == (False, True)
    assert {**first, "again": True} == again
    assert fresh.rows("select count(*) from history.rain_gauge") == [(1,)]


def test_a_key_used_again_for_another_body_is_refused_also_beside_the_first(fresh: House) -> None:
    url = "/api/v1/ingest/rain_gauge"

    def body(number: int) -> bytes:
        return f"station,observed_on,precipitation\nLáng,2021-10-{number + 1:02},5\n".encode()

    async def work(client: httpx.AsyncClient) -> list[list[Any]]:
        async def one(number: int) -> list[Any]:
            headers = {"idempotency-key": "one", "content-type": "text/csv"}
            answer = await client.post(url, content=body(number), headers=headers)
            said = answer.json()
            return [answer.status_code, said.get("again"), said.get("type"), said.get("title")]

        together = list(await asyncio.gather(*(one(n) for n in range(4))))
        winner = next(n for n, answer in enumerate(together) if answer[0] == 201)  # whichever was first
        return [*sorted(together, key=str), await one(winner), await one(9), [winner]]

    refused = [409, None, "urn:khue:error:Conflict", "The Idempotency-Key “one” was used for another body"]
    *answers, (winner,) = through(fresh, work)
    assert answers == [[201, False, None, None], *[refused] * 3, [200, True, None, None], refused]
    assert fresh.rows("select observed_on::text from history.rain_gauge") == [(f"2021-10-{winner + 1:02}",)]
    assert whole(fresh)


def test_a_key_used_again_for_another_entity_is_refused(fresh: House) -> None:
    async def work(client: httpx.AsyncClient) -> list[int]:
        await client.post("/ngsi-ld/v1/entityOperations/upsert", json=[entity("A", pm25=1), entity("B", pm25=1)])
        url, headers = f"/ngsi-ld/v1/entities/urn:ngsi-ld:{AIR}:", {"idempotency-key": "k"}
        sent = [await client.patch(f"{url}{name}/attrs", json={"pm25": 2}, headers=headers) for name in "ABA"]
        return [answer.status_code for answer in sent]

    assert through(fresh, work) == [204, 409, 204]
    assert fresh.rows("select pm25 from state.air_station order by _id") == [(2,), (1,)]


def test_one_key_may_bring_several_types(fresh: House) -> None:
    rain = {"id": "urn:ngsi-ld:WeatherObserved:R", "type": "WeatherObserved", "stationName": "R", "precipitation": 4}
    body = [entity("A", pm25=3), {**rain, "dateObserved": "2026-11-20"}]

    async def work(client: httpx.AsyncClient) -> int:
        url = "/ngsi-ld/v1/entityOperations/upsert"
        return (await client.post(url, json=body, headers={"idempotency-key": "both"})).status_code

    assert (through(fresh, work), through(fresh, work)) == (201, 204)
    assert fresh.rows("select count(*) from history.air_station") == [(1,)]
    assert fresh.rows("select count(*) from history.rain_gauge") == [(1,)]


def test_an_entity_is_deleted_and_its_history_stays(fresh: House) -> None:
    name = f"urn:ngsi-ld:{AIR}:A"
    ahead = {**entity("B", pm25=1), "dateObserved": "2099-01-01T00:00:00Z"}

    async def work(client: httpx.AsyncClient) -> list[Any]:
        url = f"/ngsi-ld/v1/entities/{name}"
        await client.post("/ngsi-ld/v1/entityOperations/upsert", json=[entity("A", pm25=5), ahead, entity("C")])
        codes: list[Any] = [(await client.delete(url)).status_code, (await client.get(url)).status_code]
        codes.append((await client.delete(url)).status_code)
        codes.append((await client.delete("/ngsi-ld/v1/entities/urn:nothing")).status_code)
        many = await client.post("/ngsi-ld/v1/entityOperations/delete", json=[ahead["id"], name])
        codes += [many.status_code, many.json()["success"], many.json()["errors"][0]["entityId"]]
        codes.append((await client.post("/ngsi-ld/v1/entityOperations/delete", json=[entity("C")["id"]])).status_code)
        return [*codes, (await client.get("/ngsi-ld/v1/entities", params={"type": AIR})).json()]

    assert through(fresh, work) == [204, 404, 404, 400, 207, [ahead["id"]], name, 204, []]
    assert fresh.rows("select count(*) filter (where _deleted), count(pm25) from history.air_station") == [(3, 2)]
    assert whole(fresh)
    assert fresh.ok("replay", "--type", "air_station")["differing"] == 0


def test_an_unknown_type_becomes_a_draft_that_can_be_asked_and_is_never_open(fresh: House) -> None:
    async def work(client: httpx.AsyncClient) -> list[int]:
        body = [{"id": "b1", "name": "cầu", "deep": {"a": [1, {"b": None}]}, "robert'); drop table x;--": 1}]
        taken = await client.post("/api/v1/ingest/bridge", json=body)
        assert taken.json()["received"] == 1
        return [taken.status_code, (await client.get("/open/bridge.csv")).status_code]

    assert through(fresh, work) == [201, 404]
    assert fresh.rows("select count(*) from state.bridge where _extra::text like '%cầu%'") == [(1,)]
    assert fresh.rows("select count(*) from pg_views where schemaname = 'open' and viewname = 'bridge'") == [(0,)]
    assert whole(fresh)


SQL = "'); drop table state.air_station; --"
ODD: dict[str, dict[str, Any]] = {
    "nul": entity("n\0n", pm25=1),
    "year": {**entity("Y", pm25=1), "dateObserved": "9999-12-31T23:59:59Z"},
    "beyond": {**entity("Z", pm25=1), "dateObserved": "12026-01-01T00:00:00Z"},
    "sql": {**entity(SQL, pm25=SQL), "name'); --": SQL, "id": f"urn:ngsi-ld:{AIR}:{SQL}"},
    "deep": entity("D", pm25=json.loads("[" * 60 + "]" * 60)),
    "wide": entity("W", **{f"c{n}": n for n in range(1000)}),
    "types": entity("T", pm25={"a": 1}, pm10=[1], no2=True, so2="x", o3=None, co="1e400"),
    "large": entity("L", pm25=10**30, pm10=-(10**30), no2="9" * 5000),
    "surrogate": entity("\ufffe\u202e", pm25="\u0660\u0661"),
    "long": entity("x" * 5000, pm25=1),
    "number": {**entity("N"), "stationName": 5, "dateObserved": 17},
    "list": {**entity("M"), "stationName": ["a"], "dateObserved": {"@value": "2026-01-01T00:00:00Z"}},
}


@pytest.mark.parametrize("path", ["/ngsi-ld/v1/entityOperations/upsert", "/api/v1/ingest/air_station"])
def test_whatever_comes_in_has_a_fate_and_a_reason(fresh: House, path: str) -> None:
    async def work(client: httpx.AsyncClient) -> dict[str, int]:
        codes = {name: (await client.post(path, json=[sent])).status_code for name, sent in ODD.items()}
        both = await client.post(path, json=list(ODD.values()))
        nan = await client.post(path, content=b'[{"station":"a","pm25":NaN,"pm10":Infinity}]')
        lone = await client.post(path, content=b'[{"station":"\\ud800","pm25":1}]')
        empty = await client.post(path, json=[{}, {}])
        more = {"together": both, "nan": nan, "lone surrogate": lone, "empty": empty}
        return codes | {name: answer.status_code for name, answer in more.items()}

    codes = through(fresh, work)
    assert {name: code for name, code in codes.items() if code not in {200, 201, 204, 207, 400, 422}} == {}
    assert codes["nan"] == 400
    counts = fresh.rows("select counts from khue.commit where kind = 'data'")
    for (count,) in counts:
        fates = ("clean", "flagged", "held", "rejected", "unchanged")
        assert count["received"] == sum(count[fate] for fate in fates)
    assert fresh.rows("select count(*) from khue.quarantine where jsonb_array_length(reasons) = 0") == [(0,)]
    assert whole(fresh)
