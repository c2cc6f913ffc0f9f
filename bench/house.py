"""A real `khue serve` for the benches: a city of its own without simulation, in an empty folder, fsync on."""

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sizes import inherited

import khue.app
from khue.app.catalogue import read_catalogue
from khue.contract.contract import Contract
from khue.ledger.database import Database
from khue.ledger.server import attach

DEMO = Path(khue.app.__path__[0]) / "demo_city"
PATIENCE = 120.0  # seconds that a start may take


@dataclass(frozen=True)
class House:
    """A running house: its pages' address, its folders, and the database as the bench may use it beside."""

    address: str
    port: int
    folder: Path
    database: Database
    process: "subprocess.Popen[bytes] | None"

    @property
    def city(self) -> Path:
        """Return the folder of its city."""
        return self.folder / "city"

    def contract(self, name: str = "air_station") -> Contract:
        """Return the contract of a type."""
        return read_catalogue(self.city).contract(name)

    def owner(self) -> "psycopg.Connection[tuple[object, ...]]":
        """Connect as the owner, with autocommit, to prepare and to look."""
        return psycopg.connect(self.database.owner, autocommit=True)


def environment(folder: Path, port: int) -> dict[str, str]:
    """Return the environment of a `khue` command on the folder."""
    return inherited() | {
        "KHUE_DATA": str(folder / "data"), "KHUE_CITY": str(folder / "city"), "KHUE_PORT": str(port),
    }  # fmt: skip


@contextmanager
def serving() -> Iterator[House]:
    """Start `khue serve` in an empty folder and stop it at the end."""
    with _folder() as folder:
        port = free_port()
        command = [sys.executable, "-m", "khue.app.cli", "serve"]
        with (folder / "serve.log").open("wb") as log:
            process = subprocess.Popen(command, env=environment(folder, port), stdout=log, stderr=log)
        address = f"http://127.0.0.1:{port}"
        try:
            _wait(address, process, folder / "serve.log")
            with attach(folder / "data") as database:
                yield House(address, port, folder, database, process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


@contextmanager
def standing() -> Iterator[House]:
    """Start the database alone, for benches without HTTP."""
    with _folder() as folder, attach(folder / "data") as database:
        yield House("", 0, folder, database, None)


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="khue-bench-"))
    folder.chmod(0o755)  # the server's account must enter when we are root
    shutil.copytree(DEMO, folder / "city", ignore=shutil.ignore_patterns("__pycache__"))
    city = folder / "city" / "city.toml"
    city.write_text(city.read_text().replace("simulated = true", "simulated = false"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=2) as answer:  # noqa: S310  our own address
                if answer.status == 200:
                    return
        except OSError:
            pass
        if process.poll() is not None:
            raise RuntimeError(log.read_text())
        time.sleep(0.2)
    raise TimeoutError(log.read_text())
