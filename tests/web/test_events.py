import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.testclient import TestClient
from tests.web.conftest import Served, application
from tests.web.sample_centre import SampleCentre

from khue.web.events import events as events_page
from khue.web.site import end_streams


def events(lines: Iterator[str]) -> Iterator[tuple[int, str]]:
    """Yield (id, data) of each commit that comes down the line."""
    seq, data = 0, ""
    for line in lines:
        if line.startswith("id: "):
            seq = int(line[4:])
        elif line.startswith("data: "):
            data += line[6:]
        elif not line and data:
            yield seq, data
            data = ""


def test_a_browser_that_comes_back_is_told_what_it_missed_and_then_what_is_new(served: Served) -> None:
    with httpx.stream("GET", f"{served.address}/events", headers={"last-event-id": "39"}, timeout=20) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        coming = events(answer.iter_lines())
        assert [next(coming)[0] for _ in range(3)] == [40, 41, 42]
        served.centre.grow()
        seq, data = next(coming)
    assert seq == 43
    assert 'id="commit-43"' in data
    assert "Mưa (mẫu)" in data


def test_a_page_follows_from_the_commit_that_it_shows(served: Served) -> None:
    with httpx.stream("GET", f"{served.address}/events?after=41&lang=en", timeout=20) as answer:
        seq, data = next(events(answer.iter_lines()))
    assert seq == 42
    assert "records fixed" in data


def test_a_place_in_the_log_that_is_no_number_is_refused(client: TestClient) -> None:
    assert client.get("/events", headers={"last-event-id": "x"}).status_code == 400


def test_an_open_line_ends_at_once_when_the_site_stops(tmp_path: Path) -> None:
    app = application(SampleCentre(), tmp_path)

    async def until_the_end() -> list[bytes]:
        asyncio.get_running_loop().call_later(0.1, end_streams, app)
        request = Request({"type": "http", "app": app, "headers": [], "query_string": b"", "path": "/events"})
        answer = await events_page(request)
        assert isinstance(answer, StreamingResponse)
        return [chunk async for chunk in answer.body_iterator]  # type: ignore[misc]

    assert len(asyncio.run(asyncio.wait_for(until_the_end(), 5))) == 1
