"""From a commit to a browser's event: 2,000 records a second in requests of 100, watched by one page and by 200.

The time is from `recorded_at`, which is taken before the commit is on disk, to the arrival of the event's bytes, so it
holds the rest of the commit too. KHUE_BENCH_FOLLOW_SECONDS (15), KHUE_BENCH_FOLLOW_PAGES (200).
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from house import House, serving
from load import loaded
from sizes import size

SECONDS = size("FOLLOW_SECONDS", 15)
MANY = size("FOLLOW_PAGES", 200)
RECORDS = 100  # a request
RATE = 20  # requests a second
ROUNDS = 3
WATCHERS = Path(__file__).resolve().parent / "pages.py"


def measure() -> list[dict[str, Any]]:
    """Return the 99th percentile of the delay for one page and for many, in milliseconds."""
    with serving() as house:
        loaded(port=house.port, clients=2, requests=20, records=RECORDS)
        found = {pages: [watched(house, pages, turn) for turn in range(ROUNDS)] for pages in (1, MANY)}
    lines: list[dict[str, Any]] = []
    for (pages, turns), limit in zip(found.items(), (300.0, 1000.0), strict=True):
        slow = median(turn[0] for turn in turns)
        lines.append(
            {"name": f"follow_{pages}", "value": slow, "unit": "ms", "floor": limit, "ratio": slow / limit,
             "records_a_second": RATE * RECORDS, "median": median(turn[1] for turn in turns)}
        )  # fmt: skip
    return lines


def watched(house: House, pages: int, turn: int) -> tuple[float, float]:
    """Return the 99th percentile and the median of all delays of one run, in milliseconds."""
    command = [sys.executable, str(WATCHERS), str(house.port), str(pages)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as watchers:
        if watchers.stdout is None or watchers.stdout.readline() != "ready\n":
            raise RuntimeError("the pages did not open")
        first = _head(house) + 1
        step = 1_000 * (turn + 1) + 100_000 * pages
        loaded(port=house.port, clients=8, requests=SECONDS * RATE, records=RECORDS, rate=RATE, first_step=step)
        last = _head(house)
        time.sleep(3)  # what has not come by then is missing, and the run fails
        seen = json.loads(watchers.communicate("")[0])
    delays = _delays(house, seen, range(first, last + 1), pages)
    found = delays[int(len(delays) * 0.99)], median(delays)
    print(f"    {pages} pages: p99 {found[0]:.0f} ms, median {found[1]:.0f} ms of {len(delays):,} events", flush=True)
    return found


def _delays(house: House, seen: dict[str, list[float]], wanted: Sequence[int], pages: int) -> list[float]:
    with house.owner() as connection:
        rows = connection.execute(
            "select seq, extract(epoch from recorded_at)::float8 from khue.commit where seq between %s and %s",
            (wanted[0], wanted[-1]),
        ).fetchall()
    recorded = {int(str(seq)): float(str(at)) for seq, at in rows}
    short = [seq for seq in wanted if len(seen.get(str(seq), ())) != pages]
    if short:
        raise RuntimeError(f"{len(short)} of {len(wanted)} commits did not come to every page, the first is {short[0]}")
    return sorted((at - recorded[seq]) * 1000 for seq in wanted for at in seen[str(seq)])


def _head(house: House) -> int:
    with house.owner() as connection:
        row = connection.execute("select seq from khue.head").fetchone()
    return int(str(row[0])) if row else 0
