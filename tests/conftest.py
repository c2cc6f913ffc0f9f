"""Servers and databases for the tests: one server a worker and version, one fresh database a test.

KHUE_TEST_POSTGRES=18|15|both chooses the server; unset, tests run on the embedded 18, and those marked
`both_servers` on Debian's 15 as well (skipped, saying so, where it is not installed).
"""

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from khue.ledger.cluster import Cluster
from khue.ledger.database import Database, connect, with_parts
from khue.ledger.embedded import start, stop
from khue.ledger.logins import Administrator, database_of, secure
from khue.ledger.migrate import prepare
from khue.ledger.programs import embedded_programs

DEBIAN = Path("/usr/lib/postgresql/15/bin")
QUICK = {"shared_buffers": "64MB", "fsync": "off", "full_page_writes": "off", "max_wal_size": "256MB"}
TEMPLATE = "khue_template"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "both_servers: runs on the embedded PostgreSQL 18 and on Debian's 15")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "postgres_version" in metafunc.fixturenames:
        both = metafunc.definition.get_closest_marker("both_servers") is not None
        chosen = os.environ.get("KHUE_TEST_POSTGRES", "both" if both else "18")  # noqa: TID251
        versions = ["18", "15"] if chosen == "both" else [chosen]
        metafunc.parametrize("postgres_version", versions, indirect=True, scope="session")


@pytest.fixture(scope="session")
def postgres_version(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder that the server's account may enter (pytest's tmp_path is closed to it when we are root)."""
    path = Path(tempfile.mkdtemp(prefix="khue-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def servers() -> Iterator[Callable[[str], Cluster]]:
    """Start the server of a version at its first use; all are stopped at the end."""
    _sweep()
    root = Path(tempfile.mkdtemp(prefix=f"khue-servers-{os.getpid()}-"))
    root.chmod(0o755)
    clusters: dict[str, Cluster] = {}

    def server(version: str) -> Cluster:
        if version not in clusters:
            programs = embedded_programs() if version == "18" else DEBIAN
            if not programs.is_dir():
                pytest.skip(f"PostgreSQL {version} is not installed in {programs}")
            clusters[version] = Cluster(root / version, QUICK, programs)
            start(clusters[version])
            _make_template(clusters[version])
        return clusters[version]

    yield server
    for cluster in clusters.values():
        stop(cluster)
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster(servers: Callable[[str], Cluster], postgres_version: str) -> Cluster:
    """The running server of the version that the test is run on."""
    return servers(postgres_version)


_numbers = itertools.count()


@pytest.fixture
def administrator(cluster: Cluster) -> Iterator[Administrator]:
    """The administrator of a fresh database with all migrations applied, dropped after the test."""
    name = f"test_{next(_numbers)}"
    with connect(cluster.address()) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}".encode())
    made = Administrator(cluster.address(name), cluster.data, embedded=True)
    with connect(made.uri) as connection:
        secure(connection)
    yield made
    with connect(cluster.address()) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def database(administrator: Administrator) -> Database:
    """A fresh database of Khuê."""
    return database_of(administrator)


def _sweep() -> None:
    """Stop the servers of test runs that were killed before they could."""
    for root in Path(tempfile.gettempdir()).glob("khue-servers-*-*"):
        if not psutil.pid_exists(int(root.name.split("-")[2])):
            for data in root.iterdir():
                stop(Cluster(data, {}, embedded_programs() if data.name == "18" else DEBIAN))
            shutil.rmtree(root, ignore_errors=True)


def _make_template(cluster: Cluster) -> None:
    with connect(cluster.address()) as connection:
        connection.execute(f"CREATE DATABASE {TEMPLATE}".encode())
    prepare(Administrator(with_parts(cluster.address(), dbname=TEMPLATE), cluster.data, embedded=True))
