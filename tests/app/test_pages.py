"""The centre over HTTP: the real application on a real record, without a browser."""

import asyncio
import io
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import openpyxl
import pytest
from tests.app.conftest import RAIN, House, client_of

from khue.app.web_process import application
from khue.web.safety import FIELD

PAGES = (
    *("/", "/wall", "/data", "/data/upload", "/data/waiting", "/data/rain_gauge", "/log", "/style"),
    *("/entity/rain_gauge/urn:ngsi-ld:WeatherObserved:Láng", "/data/station", "/data/waiting?state=any"),
)
TOKEN = re.compile(f'name="{FIELD}" value="([^"]+)"')


@dataclass
class Visitor:
    """A browser without script: it keeps cookies and sends forms with their token."""

    client: httpx.AsyncClient

    async def get(self, path: str, **more: Any) -> httpx.Response:
        answer = await self.client.get(path, **more)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])
        return answer

    async def send(self, page: str, path: str, fields: dict[str, str], **more: Any) -> httpx.Response:
        token = TOKEN.search((await self.get(page)).text)
        assert token, page
        return await self.client.post(path, data={FIELD: token[1], **fields}, follow_redirects=True, **more)

    async def upload(self, content: bytes, source: str = "rain_gauge/", name: str = "mua.csv") -> httpx.Response:
        return await self.send("/data/upload", "/data/upload", {"source": source}, files={"file": (name, content)})

    async def confirm(self, shown: httpx.Response) -> httpx.Response:
        form = shown.text.split("/data/upload/confirm")[1]
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
        return await self.client.post("/data/upload/confirm", data=fields, follow_redirects=True)


def visiting(house: House, work: Callable[[Visitor], Awaitable[Any]]) -> Any:
    """Run `work` with a visitor of the house's own application."""

    async def run() -> Any:
        with house.opened() as opened:
            async with application(opened) as app, client_of(app) as client:
                return await work(Visitor(client))

    return asyncio.run(run())


@pytest.fixture(scope="module")
def seq(khue: House) -> int:
    return khue.rain()["commits"][0]


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_page_answers(khue: House, seq: int, language: str) -> None:
    async def look(visitor: Visitor) -> None:
        for path in (*PAGES, f"/commit/{seq}"):
            mark = "&" if "?" in path else "?"
            answer = await visitor.get(f"{path}{mark}lang={language}")
            assert f'lang="{language}"' in answer.text
        assert (await visitor.client.get("/commit/99999")).status_code == 404
        assert (await visitor.client.get("/nowhere")).status_code == 404

    visiting(khue, look)


def test_a_file_is_shown_first_and_taken_when_confirmed(fresh: House) -> None:
    async def bring(visitor: Visitor) -> None:
        shown = await visitor.upload(RAIN.encode())
        assert shown.status_code == 200
        assert fresh.rows("select count(*) from khue.commit where kind = 'data'") == [(0,)]
        assert "3000" in shown.text
        done = await visitor.confirm(shown)
        assert done.status_code == 200
        assert fresh.rows("select counts->>'received' from khue.commit where kind = 'data'") == [("8",)]
        again = await visitor.upload(RAIN.encode())
        assert "Mọi bản ghi trong tệp đã có" in again.text

    visiting(fresh, bring)


def test_a_fixed_record_is_open_to_the_public_within_a_second(fresh: House) -> None:
    seq = fresh.rain()["commits"][0]

    async def mend(visitor: Visitor) -> None:
        before = (await visitor.get("/open/rain_gauge.csv")).text
        assert "Láng,2021-10-02,30.5" not in before
        began = asyncio.get_running_loop().time()
        fields = {"record": f"{seq}.1", "action": "fix", "value.precipitation": "30,5", "note": "cảm biến"}
        answer = await visitor.send("/data/waiting", "/data/waiting/decide", fields)
        assert "Đã xử lý 1 bản ghi" in answer.text
        after = (await visitor.get("/open/rain_gauge.csv")).text
        assert (
            asyncio.get_running_loop().time() - began < 3
        )  # a second where nothing else runs; three beside other tests
        assert "Láng,2021-10-02,30.5" in after

    visiting(fresh, mend)


def test_release_and_dismiss_from_the_page(fresh: House) -> None:
    seq = fresh.rain()["commits"][0]

    async def decide(visitor: Visitor) -> None:
        all_of_one = {"type": "rain_gauge", "check": "precipitation_possible", "action": "release", "note": "bão"}
        answer = await visitor.send("/data/waiting", "/data/waiting/decide", all_of_one)
        assert "Đã xử lý 1 bản ghi" in answer.text
        assert fresh.standing()["Láng", "2021-10-02"] == 3000
        no_reason = await visitor.send(
            "/data/waiting", "/data/waiting/decide", {"record": f"{seq}.4", "action": "dismiss"}
        )
        assert no_reason.status_code == 400
        reason = {"record": f"{seq}.4", "action": "dismiss", "note": "không rõ ngày"}
        assert (await visitor.send("/data/waiting", "/data/waiting/decide", reason)).status_code == 200
        assert fresh.waits() == [f"{seq}:2", f"{seq}:5"]
        still = {"record": f"{seq}.2", "action": "fix", "value.precipitation": "không"}
        answer = await visitor.send("/data/waiting", "/data/waiting/decide", still)
        assert "1 bản ghi vẫn chưa đạt" in answer.text

    visiting(fresh, decide)


def test_the_workbook_goes_out_and_comes_back(fresh: House) -> None:
    fresh.rain()

    async def mend(visitor: Visitor) -> None:
        book = (await visitor.get("/data/waiting/workbook?type=rain_gauge")).content
        found = openpyxl.load_workbook(io.BytesIO(book))
        sheet = found.worksheets[0]
        titles = [cell.value for cell in sheet[1]]
        for row in sheet.iter_rows(min_row=2):
            if row[titles.index("Lượng mưa ngày")].value == "3000":
                row[titles.index("Lượng mưa ngày")].value = "30"
        mended = io.BytesIO()
        found.save(mended)
        answer = await visitor.send(
            "/data/waiting?type=rain_gauge", "/data/waiting/mend", {"type": "rain_gauge"},
            files={"file": ("sua.xlsx", mended.getvalue())},
        )  # fmt: skip
        assert "Đã xử lý 1 bản ghi" in answer.text
        assert fresh.standing()["Láng", "2021-10-02"] == 30

    visiting(fresh, mend)


def test_a_commit_is_undone_from_its_page(fresh: House) -> None:
    seq = fresh.rain()["commits"][0]

    async def undo(visitor: Visitor) -> None:
        answer = await visitor.send(f"/commit/{seq}?undo=ask", f"/commit/{seq}/revert", {"note": "nhầm"})
        assert answer.status_code == 200
        assert str(answer.url).endswith("undone=1")
        assert (await visitor.get("/open/rain_gauge.csv")).text.count("\n") == 1

    visiting(fresh, undo)


def test_the_past_is_shown_as_it_was_known(fresh: House) -> None:
    fresh.rain("station,observed_on,precipitation\nLáng,01/10/2021,111.5\n")
    (then,) = fresh.rows("select max(recorded_at) + interval '1 microsecond' from khue.commit")[0]
    fresh.rain("station,observed_on,precipitation\nLáng,01/10/2021,222.5\n", "second.csv")
    page = "/entity/rain_gauge/urn:ngsi-ld:WeatherObserved:Láng"

    async def look(visitor: Visitor) -> None:
        assert "222,5" in (await visitor.get(page)).text
        past = (await visitor.get(page, params={"at": then.isoformat()})).text
        assert "111,5" in past
        assert "222,5" not in past
        before = (then - timedelta(days=1)).isoformat()
        for path in ("/", "/data", "/log"):
            assert (await visitor.get(path, params={"at": before})).status_code == 200
        assert (await visitor.client.get("/", params={"at": "hôm qua"})).status_code == 400

    visiting(fresh, look)


def test_a_form_without_its_token_or_from_elsewhere_is_refused(khue: House, seq: int) -> None:
    async def forge(visitor: Visitor) -> None:
        fields = {"record": f"{seq}.1", "action": "dismiss", "note": "x"}
        assert (await visitor.client.post("/data/waiting/decide", data=fields)).status_code == 403
        await visitor.get("/data/waiting")
        wrong = {FIELD: "guessed", **fields}
        assert (await visitor.client.post("/data/waiting/decide", data=wrong)).status_code == 403
        foreign = await visitor.send("/data/waiting", "/data/waiting/decide", fields, headers={"origin": "http://evil"})
        assert foreign.status_code == 403
        assert (await visitor.client.post(f"/commit/{seq}/revert", data={})).status_code == 403
        assert f"{seq}:1" in khue.waits()

    visiting(khue, forge)


def test_machines_are_told_how_the_house_is(khue: House, seq: int) -> None:
    async def ask(visitor: Visitor) -> None:
        assert (await visitor.get("/healthz")).json() == {"status": "alive"}
        assert (await visitor.get("/readyz")).json() == {"status": "ready"}
        text = (await visitor.get("/metrics")).text
        assert 'khue_records_5m{fate="held",source="by-hand",type="rain_gauge"} 2.0' in text
        for name in ("khue_quarantine_open", "khue_disk_free_bytes", "khue_reader_pool_size", "khue_intake_queued"):
            assert name in text

    visiting(khue, ask)


def test_pushes_need_the_key_where_one_is_set(fresh: House) -> None:
    fresh.environment["KHUE_INGEST_KEY"] = "s3cret"
    body = {"station": "Láng", "observed_on": "2021-10-01", "precipitation": 5}

    async def push(visitor: Visitor) -> None:
        path = "/api/v1/ingest/rain_gauge"
        assert (await visitor.client.post(path, json=body)).status_code == 403
        first = await visitor.client.post(path, json=body, headers={"x-api-key": "s3cret", "idempotency-key": "a"})
        assert (first.status_code, first.json()["clean"]) == (201, 1)
        again = await visitor.client.post(path, json=body, headers={"x-api-key": "s3cret", "idempotency-key": "a"})
        assert (again.status_code, again.json()["again"]) == (200, True)
        assert again.json()["commits"] == first.json()["commits"]
        bad = {**body, "precipitation": 9999}
        held = await visitor.client.post(path, json=bad, headers={"authorization": "Bearer s3cret"})
        assert held.json()["held"] == 1
        assert held.json()["reasons"][0]["reasons"][0]["check"] == "precipitation_possible"

    visiting(fresh, push)


def test_an_entity_is_made_read_patched_and_upserted_over_ngsi_ld(fresh: House) -> None:
    name = "urn:ngsi-ld:WeatherObserved:Láng"
    root = "/ngsi-ld/v1/entities"

    def entity(rain: float, day: str) -> dict[str, Any]:
        values = {"stationName": "Láng", "dateObserved": day, "precipitation": rain}
        attributes = {key: {"type": "Property", "value": value} for key, value in values.items()}
        return {"id": name, "type": "WeatherObserved", **attributes}

    async def talk(visitor: Visitor) -> None:
        client = visitor.client
        assert (await client.post(root, json=entity(5, "2021-10-01"))).status_code == 201
        assert (await client.post(root, json=entity(5, "2021-10-01"))).status_code == 409
        found = await visitor.get(f"{root}/{name}")
        assert found.json()["precipitation"]["value"] == 5
        patch = {"dateObserved": "2021-10-01", "precipitation": {"type": "Property", "value": 7}}
        assert (await client.patch(f"{root}/{name}/attrs", json=patch)).status_code == 204
        upsert = "/ngsi-ld/v1/entityOperations/upsert"
        assert (await client.post(upsert, json=[entity(9, "2021-10-02")])).status_code == 204
        values = (await visitor.get(f"{root}?type=WeatherObserved&options=keyValues")).json()
        assert [one["precipitation"] for one in values] == [9]
        history = (await visitor.get(f"/ngsi-ld/v1/temporal/entities/{name}")).json()
        assert {one["value"] for one in history["precipitation"]} >= {7, 9}

    visiting(fresh, talk)


def test_the_live_line_catches_up_from_the_last_event(khue: House, seq: int) -> None:
    """On the application itself: a stream without end cannot be read through httpx' transport."""

    async def follow() -> list[str]:
        with khue.opened() as opened:
            async with application(opened) as app:
                return await events(app, seq - 2, 2)

    assert asyncio.run(asyncio.wait_for(follow(), 20)) == [f"id: {seq - 1}", f"id: {seq}"]


async def events(app: Any, after: int, count: int) -> list[str]:
    """Return the ids of the first events after a seq, then go away."""
    found: list[str] = []
    enough = asyncio.Event()
    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        for message in asked:
            return message
        await enough.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        found.extend(re.findall(r"^id: \d+", message.get("body", b"").decode(), re.MULTILINE))
        if len(found) >= count:
            enough.set()

    headers = [(b"last-event-id", str(after).encode()), (b"host", b"127.0.0.1"), (b"accept", b"text/event-stream")]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": "/events",
        "raw_path": b"/events", "root_path": "", "scheme": "http", "query_string": b"", "headers": headers,
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000),
    }  # fmt: skip
    await app(scope, receive, send)
    return found[:count]
