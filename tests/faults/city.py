"""A city in a folder of its own, run as real processes: what the tests of this folder do their harm to."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil

import khue.app
from khue.ledger.cluster import Cluster
from khue.ledger.database import Database, connect
from khue.ledger.embedded import running_server, stop
from khue.ledger.server import attach

DEMO = Path(khue.app.__path__[0]) / "demo_city"
COMMAND = (sys.executable, "-m", "khue.app.cli")
FATES = ("received", "clean", "flagged", "held", "rejected", "unchanged")
MEMORY = "64"  # MB


def wait_until(condition: Callable[[], Any], seconds: float = 60.0, what: str = "the condition") -> Any:
    """Return the condition's first truth; fail where it does not come in time."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} did not come true in {seconds} s"
        time.sleep(0.05)
    return found


@dataclass
class City:
    """A data folder and the environment of the commands on it. Nothing in it is simulated."""

    data: Path
    city: str = ""
    more: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KHUE_")}  # noqa: TID251
        own = {
            "KHUE_DATA": str(self.data),
            "KHUE_MEMORY_MB": MEMORY,
            "KHUE_CITY": self.city,
            "NO_COLOR": "1",
        }
        return {**kept, **own, **self.more}

    @property
    def cluster(self) -> Cluster:
        return Cluster(self.data)

    def start(self, *words: str, output: Path | None = None) -> "subprocess.Popen[bytes]":
        """Start a command in a session of its own, its words in a file or nowhere."""
        with (output or Path(os.devnull)).open("ab") as file:
            return subprocess.Popen(
                [*COMMAND, *words], env=self.environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                start_new_session=True,
            )  # fmt: skip

    def khue(self, *words: str, timeout: float = 240) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end."""
        return subprocess.run(
            [*COMMAND, *words], env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=timeout, check=False,
        )  # fmt: skip

    def json(self, *words: str) -> dict[str, Any]:
        """Run a command that must succeed and return its line of JSON."""
        done = self.khue(*words, "--json")
        assert done.returncode == 0, f"{words}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout.splitlines()[-1])

    def require_whole(self) -> None:
        """`khue verify` holds."""
        done = self.khue("verify", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(done.stdout) == {"ok": True, "findings": []}

    def ask(self, query: str, database: str = "khue") -> Sequence[Sequence[Any]]:
        """Return what the running server answers to its administrator."""
        with connect(self.cluster.address(database), patience=5) as connection:
            return connection.execute(query.encode()).fetchall()

    def postmaster(self) -> psutil.Process | None:
        return running_server(self.cluster)

    def kill_server(self, *, sessions: bool = False) -> bool:
        """Kill the postmaster, with all its sessions as a power cut would; return whether there was one."""
        server = self.postmaster()
        if server is None:
            return False
        victims = [server, *server.children()] if sessions else [server]
        for victim in victims:
            with suppress(psutil.NoSuchProcess):
                victim.kill()
        return True

    @contextmanager
    def kept(self) -> Iterator[Database]:
        """Hold the server up, so that commands beside are quick and the record can be looked at."""
        with attach(self.data, None, {"shared_buffers": f"{MEMORY}MB"}) as database:
            yield database

    def end(self) -> None:
        stop(self.cluster)


@dataclass
class Served:
    """A running `khue serve`."""

    city: City
    port: int = field(default_factory=lambda: free_port())
    process: "subprocess.Popen[bytes]" = field(init=False)

    def __post_init__(self) -> None:
        self.process = self.own.start("serve", output=self.output)

    @property
    def own(self) -> City:
        return replace(self.city, more={**self.city.more, "KHUE_PORT": str(self.port)})

    @property
    def output(self) -> Path:
        return self.city.data.with_name("serve.out")

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ready(self) -> bool:
        try:
            return httpx.get(f"{self.address}/readyz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def wait(self) -> "Served":
        wait_until(lambda: self.ready() or self.process.poll() is not None, 120, "a ready city")
        assert self.process.poll() is None, self.said()
        return self

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def child(self, name: str) -> psutil.Process | None:
        """Return the living child process of that command."""
        for each in psutil.Process(self.process.pid).children():
            with suppress(psutil.Error):
                words = each.cmdline()
                if each.status() != psutil.STATUS_ZOMBIE and words[1:3] == ["-m", "khue.app.cli"] and words[3] == name:
                    return each
        return None

    def everybody(self) -> list[psutil.Process]:
        """Return all processes of the city: serve, its children, the server and its sessions."""
        own = psutil.Process(self.process.pid)
        server = self.city.postmaster()
        return [own, *own.children(recursive=True), *([server, *server.children()] if server else [])]

    def end(self) -> None:
        if self.process.poll() is None:
            children = [child for name in ("web", "public", "worker") if (child := self.child(name))]
            kill_session(self.process)
            psutil.wait_procs(children, 30)


def gone(processes: Sequence[psutil.Process]) -> bool:
    return all(not each.is_running() or each.status() == psutil.STATUS_ZOMBIE for each in processes)


def real_city(folder: Path) -> str:
    """Make a city that is the demonstration's without simulated sources, and return its folder."""
    target = folder / "city"
    shutil.copytree(DEMO, target)
    file = target / "city.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("simulated = true", "simulated = false"), "utf-8")
    return str(target)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return door.getsockname()[1]


def kill_session(process: "subprocess.Popen[bytes]") -> None:
    """Kill a command and all of its session; the server has a session of its own."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def rain(rows: int, seed: int) -> bytes:
    """Return a CSV of rain readings with known faults, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311  a test's faults
    lines = ["station,observed_on,precipitation"]
    for n in range(rows):
        gauge, day = f"Trạm {n % 40}", date(2015, 1, 1) + timedelta(days=n // 40)
        value, fault = f"{chance.expovariate(0.1):.1f}", chance.random()
        if fault < 0.010:
            value = ""
        elif fault < 0.012:
            value = "4500"
        elif fault < 0.014:
            value = "không rõ"
        elif fault < 0.016:
            value = "700"
        written = "31/31/2020" if fault > 0.999 else day.isoformat()
        lines.append(f"{gauge},{written},{value}")
        if 0.990 < fault < 0.991:
            lines.append(lines[-1])  # the same again
        elif 0.991 < fault < 0.992:
            lines.append(f"{gauge},{written},{float(value) + 1:.1f}")  # and with another value
    return "\n".join(lines).encode() + b"\n"
