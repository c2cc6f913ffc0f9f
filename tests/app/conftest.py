"""A house for the whole path: a database of its own a module, and `khue` called as a person calls it."""

import asyncio
import contextlib
import io
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from khue.app.cli import main
from khue.app.opened import Opened, opened
from khue.app.settings import Settings, read_settings
from khue.app.web_process import application
from khue.ledger.cluster import Cluster
from khue.ledger.database import connect
from khue.ledger.logins import Administrator, secure

RAIN = """Trạm đo,Ngày,Lượng mưa ngày
Láng,01/10/2021,12.5
Láng,02/10/2021,3000
Hà Đông,01/10/2021,abc
Hà Đông,02/10/2021,
Đông Anh,32/13/2021,5
,01/10/2021,5
Đông Anh,01/10/2021,700
Đông Anh,02/10/2021,0
"""
FATES = ("received", "clean", "flagged", "held", "rejected", "unchanged")
COUNTED = {"received": 8, "clean": 2, "flagged": 2, "held": 2, "rejected": 2, "unchanged": 0}


@dataclass(frozen=True)
class Answer:
    """What a call of `khue` came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return the last line of the output, read as JSON."""
        return json.loads(self.out.strip().splitlines()[-1])

    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]

    def fates(self) -> dict[str, int]:
        return {name: self.json[name] for name in FATES}


@dataclass
class House:
    """One installation: its settings in the environment, the command in this process, SQL beside it."""

    data: Path
    uri: str
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *words: str | Path) -> Answer:
        """Run `khue WORDS` in this process."""
        out, err = io.StringIO(), io.StringIO()
        code = 0
        with self.here(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main([str(word) for word in words])
            except SystemExit as ended:
                code = int(ended.code or 0)
        return Answer(code, out.getvalue(), err.getvalue())

    def ok(self, *words: str | Path) -> Any:
        """Run `khue WORDS --json`, which must succeed, and return its answer."""
        answer = self(*words, "--json")
        assert answer.code == 0, answer
        return answer.json

    def file(self, text: str | bytes, name: str = "rain.csv") -> Path:
        path = self.folder / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def rain(self, text: str = RAIN, name: str = "rain.csv") -> Any:
        """Ingest rain readings and return the answer."""
        return self.ok("ingest", "--type", "rain_gauge", self.file(text, name))

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return what a query of the superuser answers."""
        with connect(self.uri) as connection:
            return connection.execute(query.encode(), values or None).fetchall()

    def do(self, statement: str) -> None:
        """Let the superuser write past Khuê."""
        with connect(self.uri) as connection:
            connection.execute(statement.encode())

    def standing(self, of: str = "precipitation", table: str = "rain_gauge") -> dict[tuple[str, str], Any]:
        """Return the last version of each reading: (station, day) → a column."""
        found = self.rows(
            f"""select distinct on (_id, _observed_at) station, observed_on::text, {of} from history."{table}"
                order by _id, _observed_at, _seq desc, _record desc"""
        )
        return {(station, day): value for station, day, value in found}

    def waits(self, **columns: object) -> list[str]:
        """Return the open records as seq:record, in order."""
        where = " and ".join(f"{name} = %s" for name in columns) or "true"
        query = (
            f"select seq || ':' || record from khue.quarantine where state = 'open' and {where} order by seq, record"
        )
        return [one for (one,) in self.rows(query, *columns.values())]

    @contextlib.contextmanager
    def here(self) -> Iterator[None]:
        """Have this installation's settings in the environment."""
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("KHUE_")]:  # noqa: TID251
                patch.delenv(name)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            yield

    @contextlib.contextmanager
    def opened(self) -> Iterator[Opened]:
        with opened(self.settings) as house:
            yield house

    def over_http(self, *requests: tuple[str, str, Any]) -> list[httpx.Response]:
        """Send requests (method, address, JSON or bytes) to the application, all of which must succeed."""

        async def send() -> list[httpx.Response]:
            with self.opened() as house:
                async with application(house) as app, client_of(app) as client:
                    return [
                        await client.request(method, address, **body_of(body)) for method, address, body in requests
                    ]

        answers = asyncio.run(send())
        assert [answer.text for answer in answers if answer.status_code >= 300] == []
        return answers

    @property
    def settings(self) -> Settings:
        return read_settings(self.environment)


def client_of(app: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000")


def body_of(body: Any) -> dict[str, Any]:
    return {"content": body} if isinstance(body, bytes) else {"json": body}


_numbers = itertools.count()


@pytest.fixture(scope="module")
def houses(servers: Callable[[str], Cluster]) -> Iterator[Callable[[], House]]:
    """Make installations on the shared server, each with an empty database; all are gone after the module."""
    cluster = servers(os.environ.get("KHUE_TEST_POSTGRES", "18").replace("both", "18"))  # noqa: TID251
    root = Path(tempfile.mkdtemp(prefix="khue-app-"))
    made: list[str] = []

    def make() -> House:
        name = f"app_{next(_numbers)}"
        with connect(cluster.address()) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE khue_template".encode())
        made.append(name)
        folder = root / name
        folder.mkdir()
        data = folder / "data"
        data.mkdir()
        shutil.copytree(cluster.data / "secrets", data / "secrets")
        uri = cluster.address(name)
        with connect(Administrator(uri, cluster.data, embedded=True).uri) as connection:
            secure(connection)
        return House(data, uri, folder, {"KHUE_DATA": str(data), "KHUE_DATABASE_URL": uri})

    yield make
    with connect(cluster.address()) as connection:
        for name in made:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="module")
def khue(houses: Callable[[], House]) -> House:
    """An installation that the tests of a module share, in order."""
    return houses()


@pytest.fixture
def fresh(houses: Callable[[], House]) -> House:
    """An installation for one test alone."""
    return houses()
