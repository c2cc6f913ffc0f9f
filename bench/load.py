"""The load generator, a process of its own: `python bench/load.py '{"port": 8000, ...}'` prints one line of JSON.

Bodies are made before the clock starts. Each client is one keep-alive connection that sends its next request when the
last one is answered, or, with `rate`, at its turn of a fixed number of requests a second.
"""

import asyncio
import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import uvloop
from records import body, entity

SIZE = re.compile(rb"(?i)content-length: *(\d+)")
HEAD = "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\n\r\n"


@dataclass
class Plan:
    """What to send. `records` 0 sends one entity as an object, not a list."""

    port: int
    path: str = "/api/v1/ingest/air_station"
    kind: str = "application/ld+json"
    clients: int = 4
    requests: int = 60
    records: int = 1_000
    first_step: int = 0
    rate: float = 0.0  # requests a second in all; 0 = as fast as they are answered
    stations: int = 1_000
    statuses: list[int] = field(default_factory=lambda: [201])


def made(plan: Plan) -> list[bytes]:
    """Return the requests as they go over the wire."""
    found: list[bytes] = []
    for number in range(plan.requests):
        if plan.records:
            content = body(plan.first_step + number, plan.records)
        else:
            step, place = divmod(number, plan.stations)
            content = orjson.dumps(entity(place, plan.first_step + step))
        found.append(HEAD.format(path=plan.path, kind=plan.kind, size=len(content)).encode() + content)
    return found


class Client(asyncio.Protocol):
    """One connection; a protocol and no stream, because the generator shares the machine with what it measures."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._received = b""
        self._started = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        """Note the time once the answer is whole, and go on."""
        self._received += data
        head, found, content = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        sized = SIZE.search(head)
        if len(content) < (int(sized[1]) if sized else 0):
            return
        self._load.answered(int(head[9:12]), content, self._started)
        self._received = b""
        self._next()

    def _next(self) -> None:
        number = self._load.next_number()
        if number is None:
            self._transport.close()
            return
        wait = self._load.turn(number)
        if wait > 0:
            asyncio.get_running_loop().call_later(wait, self._send, number)
        else:
            self._send(number)

    def _send(self, number: int) -> None:
        self._started = time.perf_counter()
        self._transport.write(self._load.requests[number])  # type: ignore[attr-defined]


class Load:
    """All requests of a plan, and what came of them."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.requests = plan, made(plan)
        self.times: list[tuple[float, float]] = []
        self.done: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._numbers = iter(range(plan.requests))
        self.began = time.perf_counter()

    def next_number(self) -> int | None:
        """Return the number of the next request."""
        return next(self._numbers, None)

    def turn(self, number: int) -> float:
        """Return how many seconds it is to a request's turn."""
        return self.began + number / self.plan.rate - time.perf_counter() if self.plan.rate else 0.0

    def answered(self, status: int, content: bytes, started: float) -> None:
        """Note an answer."""
        now = time.perf_counter()
        self.times.append((started - self.began, now - started))
        if status not in self.plan.statuses and not self.done.done():
            self.done.set_exception(RuntimeError(f"{status}: {content[:500]!r}"))
        elif len(self.times) == self.plan.requests and not self.done.done():
            self.done.set_result(now - self.began)


async def run(plan: Plan) -> dict[str, Any]:
    """Send everything; return seconds in all and the latency of each request in milliseconds."""
    load = Load(plan)
    loop = asyncio.get_running_loop()
    for _ in range(plan.clients):
        await loop.create_connection(lambda: Client(load), "127.0.0.1", plan.port)
    seconds = await load.done
    size = sum(map(len, load.requests)) / len(load.requests)
    times = [round(took * 1000, 3) for _, took in sorted(load.times)]
    return {"seconds": seconds, "milliseconds": times, "bytes": size}


def loaded(**plan: Any) -> dict[str, Any]:  # noqa: ANN401  the fields of Plan
    """Run the generator in a process of its own and return what it measured."""
    command = [sys.executable, str(Path(__file__).resolve()), json.dumps(plan)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.decode()[-3000:])
    return json.loads(done.stdout)


if __name__ == "__main__":
    uvloop.install()
    print(json.dumps(asyncio.run(run(Plan(**json.loads(sys.argv[1]))))))
