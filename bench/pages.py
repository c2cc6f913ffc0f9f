"""Open pages for bench_follow, a process of its own: `python bench/pages.py PORT PAGES` holds their event streams.

Prints "ready" once every stream is open; at the end of its input it prints, as one line of JSON, for each commit when
its event came to each page: {seq: [seconds since the epoch, …]}.
"""

import asyncio
import json
import sys
import time
from collections import defaultdict

import uvloop

REQUEST = b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\nAccept-Language: vi\r\n\r\n"


class Page(asyncio.Protocol):
    """One page: reads the ids of the events that come down its line."""

    def __init__(self, seen: "dict[int, list[float]]", opened: "list[int]") -> None:
        self._seen, self._opened = seen, opened
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the events."""
        transport.write(REQUEST)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        """Note when each event came."""
        now = time.time()
        if not self._rest and data.startswith(b"HTTP/1.1 200"):
            self._opened.append(1)
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            if line.startswith(b"id: "):
                self._seen[int(line[4:])].append(now)


async def main(port: int, pages: int) -> None:
    """Hold the streams until the input ends."""
    seen: dict[int, list[float]] = defaultdict(list)
    opened: list[int] = []
    loop = asyncio.get_running_loop()
    for _ in range(pages):
        await loop.create_connection(lambda: Page(seen, opened), "127.0.0.1", port)
    while len(opened) < pages:
        await asyncio.sleep(0.02)
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    print(json.dumps(seen))


if __name__ == "__main__":
    uvloop.install()
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
