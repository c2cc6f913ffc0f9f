import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from khue.web.own_site import OwnSite


@pytest.fixture
def app() -> OwnSite:
    async def answer(_request) -> PlainTextResponse:
        return PlainTextResponse("in")

    return OwnSite(Starlette(routes=[Route("/", answer, methods=["GET", "POST"])]), ["127.0.0.1", "localhost", "::1"])


async def asked(app: OwnSite, method: str, headers: dict[str, str]) -> int:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1:8000") as client:
        return (await client.request(method, "/", headers=headers)).status_code


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {}, 200),
        ("GET", {"host": "localhost:8000"}, 200),
        ("GET", {"host": "[::1]:8000"}, 200),
        ("GET", {"host": "rebound.example:8000"}, 403),
        ("GET", {"host": ""}, 403),
        ("POST", {}, 200),
        ("POST", {"origin": "http://127.0.0.1:8000"}, 200),
        ("POST", {"origin": "http://other.example"}, 403),
        ("POST", {"origin": "null"}, 403),
        ("POST", {"sec-fetch-site": "cross-site"}, 403),
        ("GET", {"sec-fetch-site": "cross-site"}, 200),
    ],
)
def test_only_the_centres_own_pages_and_plain_clients_may_write(app, method, headers, status):
    assert asyncio.run(asked(app, method, headers)) == status
