"""A file end to end: `khue ingest` of a CSV of 5 M air readings, and the floor on 1 M of them in batches of 10,000.

KHUE_BENCH_FILE_ROWS (5,000,000), KHUE_BENCH_FILE_FLOOR (1,000,000): rows of the product's file and of the floor.
The floor runs before and after the product. Peak memory is that of the process `khue ingest`, as the kernel counts it.
"""

import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import polars as pl
from floor import Ready, floor_rate, made_ready, make_tables
from house import House, environment, standing
from records import PROPERTIES, csv_lines
from sizes import size

from khue.app.catalogue import read_catalogue
from khue.app.opened import install
from khue.contract.batch import RECORD, ROW
from khue.ledger.commit import Ledger

ROWS = size("FILE_ROWS", 5_000_000)
FLOOR_ROWS = size("FILE_FLOOR", 1_000_000)
BATCH = 10_000
GIBIBYTE = 2**30


def measure() -> list[dict[str, Any]]:
    """Return records a second of a file, its share of the floor, and the peak memory of the command."""
    with standing() as house:
        _install(house)
        file = house.folder / "readings.csv"
        with file.open("wb") as written:
            # Under the names that people use, so that no declared source and its promises are taken for the sender.
            names = [house.contract().by_name[name].label.vi for name in PROPERTIES]
            written.writelines(csv_lines(ROWS, names))
        batches = _ready(house)
        make_tables(house, "air_station")
        floors = [floor_rate(house, house.contract(), batches)]
        seconds, peak, answer = ingested(house, file)
        make_tables(house, "air_station")
        floors.append(floor_rate(house, house.contract(), batches))
    if answer["received"] != ROWS or answer["clean"] + answer["flagged"] != ROWS:
        raise RuntimeError(f"not every row is in the record: {answer}")
    rate, floor = ROWS / seconds, median(floors)
    print(f"    floors {floors[0]:,.0f} and {floors[1]:,.0f} records/s; the command took {seconds:.0f} s", flush=True)
    return [
        {"name": "ingest_file", "value": rate, "unit": "records/s", "floor": floor, "ratio": rate / floor, "rows": ROWS,
         "floor_rows": FLOOR_ROWS},
        {"name": "ingest_file_memory", "value": peak / 2**20, "unit": "MiB", "floor": 1024.0,
         "ratio": peak / GIBIBYTE},
    ]  # fmt: skip


def ingested(house: House, file: Path) -> tuple[float, int, dict[str, Any]]:
    """Run `khue ingest`; return its seconds, its peak memory in bytes and its line of JSON."""
    command = [sys.executable, "-m", "khue.app.cli", "ingest", "--type", "air_station", "--json", str(file)]
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment(house.folder, 0), stdout=subprocess.PIPE)
    output = process.stdout.read() if process.stdout else b""
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"khue ingest ended with {process.returncode}: {output.decode()}")
    return seconds, used.ru_maxrss * 1024, json.loads(output.splitlines()[-1])


def _ready(house: House) -> list[Ready]:
    contract = house.contract()
    found: list[Ready] = []
    lines = csv_lines(FLOOR_ROWS)
    head = next(lines)
    block = b""
    for number, more in enumerate(lines, start=1):
        block += more
        if number % 10 == 0 or len(found) * BATCH + (number % 10) * 1_000 >= FLOOR_ROWS:
            frame = pl.read_csv(io.BytesIO(head + block), infer_schema=False)
            numbers = pl.int_range(pl.len(), dtype=pl.Int32).alias(RECORD), pl.int_range(pl.len()).alias(ROW)
            found.append(made_ready(frame.with_columns(numbers), contract, block))
            block = b""
    return found


def _install(house: House) -> None:
    ledger = Ledger(house.database)
    install(ledger, read_catalogue(house.city).contracts.values())
    ledger.close()
