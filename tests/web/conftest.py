"""The site over made-up samples: in process for most tests, on a real port for the browser and the live line."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.testclient import TestClient
from tests.web.sample_centre import SampleCentre

from khue.web.site import site
from khue.web.view import SiteSettings

SECRET = b"a secret of these tests"


def application(centre: SampleCentre, uploads: Path) -> Starlette:
    return site(centre, [], SiteSettings(SECRET, uploads, "0.1.0", max_upload=64 * 1024))


@pytest.fixture
def centre() -> SampleCentre:
    return SampleCentre()


@pytest.fixture
def client(centre: SampleCentre, tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(application(centre, tmp_path), base_url="http://khue.test") as made:
        yield made


@dataclass
class Served:
    """A site on a real port."""

    address: str
    centre: SampleCentre


@contextmanager
def serving(centre: SampleCentre, uploads: Path) -> Iterator[Served]:
    ready = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready.set()

    door = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(application(centre, uploads), log_level="warning", timeout_graceful_shutdown=1)
    server = Server(config)
    thread = threading.Thread(target=server.run, args=([door],))
    thread.start()
    assert ready.wait(20)
    try:
        yield Served(f"http://127.0.0.1:{door.getsockname()[1]}", centre)
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(20)
        door.close()


@pytest.fixture
def served(centre: SampleCentre, tmp_path: Path) -> Iterator[Served]:
    with serving(centre, tmp_path) as made:
        yield made
