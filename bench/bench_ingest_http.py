"""HTTP ingest: NGSI-LD air records of about 800 bytes, 1,000 a request, over loopback into a real `khue serve`.

KHUE_BENCH_HTTP_REQUESTS (60): requests a run. Product and floor take turns, three times each.
"""

from statistics import median
from typing import Any

import orjson
from floor import Ready, floor_rate, made_ready, make_tables
from house import House, serving
from load import loaded
from records import body
from sizes import size

from khue.contract.contract import Contract
from khue.intake.request import entity_records

REQUESTS = size("HTTP_REQUESTS", 60)
CLIENTS = 4
ROUNDS = 3


def measure() -> list[dict[str, Any]]:
    """Return records a second at the door, its share of the floor, and the size of a record."""
    with serving() as house:
        contract = house.contract()
        make_tables(house, contract.type)
        product, floor = in_turn(house, contract)
        upsert = http_rate(house, 10_000, path="/ngsi-ld/v1/entityOperations/upsert", statuses=[201, 204])
    return [
        {"name": "ingest_http", "value": product, "unit": "records/s", "floor": floor, "ratio": product / floor,
         "bytes_a_record": round(len(body(0)) / 1_000), "records_a_request": 1_000, "clients": CLIENTS},
        {"name": "ingest_http_upsert", "value": upsert, "unit": "records/s", "floor": floor, "ratio": upsert / floor},
    ]  # fmt: skip


def in_turn(house: House, contract: Contract) -> tuple[float, float]:
    """Return the medians of product and floor, records a second."""
    products: list[float] = []
    floors: list[float] = []
    http_rate(house, 0, requests=10)  # plans and caches, as in a process that has run for a minute
    for turn in range(ROUNDS):
        first = 100 + turn * REQUESTS
        products.append(http_rate(house, first))
        floors.append(floor_rate(house, contract, ready_requests(contract, first, REQUESTS)))
        print(f"    turn {turn + 1}: product {products[-1]:,.0f}, floor {floors[-1]:,.0f} records/s", flush=True)
    return median(products), median(floors)


def http_rate(house: House, first: int, requests: int = REQUESTS, **plan: Any) -> float:  # noqa: ANN401
    """Return records a second over HTTP."""
    answer = loaded(port=house.port, clients=CLIENTS, requests=requests, first_step=first, **plan)
    return requests * 1_000 / answer["seconds"]


def ready_requests(contract: Contract, first: int, count: int) -> list[Ready]:
    """Return the bodies that the door gets, as ready batches."""
    found: list[Ready] = []
    for step in range(first, first + count):
        content = body(step)
        found.append(made_ready(entity_records(orjson.loads(content), contract, "replace"), contract, content))
    return found
