"""Single writes: 64 clients, one record a request, against the same door with one psycopg transaction a record.

KHUE_BENCH_SINGLE_REQUESTS (6000): requests a run.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from floor import make_tables
from house import House, free_port, serving
from load import loaded
from sizes import size

REQUESTS = size("SINGLE_REQUESTS", 6000)
CLIENTS = 64
ROUNDS = 3
SERVER = Path(__file__).resolve().parent / "single_floor.py"


def measure() -> list[dict[str, Any]]:
    """Return records a second and the 99th percentile of the latency."""
    with serving() as house:
        make_tables(house, "air_station")
        with one_by_one(house) as port:
            loaded(port=house.port, clients=CLIENTS, requests=1_000, records=0)
            loaded(port=port, clients=CLIENTS, requests=1_000, records=0)
            turns = [(single(house.port, turn), single(port, turn)) for turn in range(ROUNDS)]
    rate, slowest = (median(product[place] for product, _ in turns) for place in (0, 1))
    floor, floor_slowest = (median(floor[place] for _, floor in turns) for place in (0, 1))
    return [
        {"name": "single_writes", "value": rate, "unit": "records/s", "floor": floor, "ratio": rate / floor,
         "clients": CLIENTS},
        {"name": "single_writes_p99", "value": slowest, "unit": "ms", "floor": floor_slowest,
         "ratio": slowest / floor_slowest},
    ]  # fmt: skip


def single(port: int, turn: int) -> tuple[float, float]:
    """Return records a second and the 99th percentile in milliseconds of one run."""
    first = 1_000 + turn * REQUESTS
    answer = loaded(port=port, clients=CLIENTS, requests=REQUESTS, records=0, first_step=first)
    times = sorted(answer["milliseconds"])
    found = REQUESTS / answer["seconds"], times[int(len(times) * 0.99)]
    print(f"    port {port}: {found[0]:,.0f} records/s, p99 {found[1]:.0f} ms", flush=True)
    return found


@contextmanager
def one_by_one(house: House) -> Iterator[int]:
    """Run the floor's server beside the house; it ends with the context."""
    port = free_port()
    words = [str(SERVER), house.database.owner, "air_station", str(port), str(house.city)]
    process = subprocess.Popen([sys.executable, *words])
    try:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(20)
