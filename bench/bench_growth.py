"""Does it stay quick as the record grows? HTTP ingest over 20 M rows of history, and readers over 1 M entities.

Rows are made inside PostgreSQL. KHUE_BENCH_HISTORY (20,000,000) and KHUE_BENCH_ENTITIES (1,000,000) set how many.
`growth_ingest` compares ingest_http with much history to the same with a hundredth of it. `growth_read_*` compares a
scoped reader to one without row security. `growth_travel_*` is state as known at an earlier commit.
"""

import asyncio
import datetime as dt
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Any

from bench_ingest_http import http_rate
from house import House, serving
from sizes import size

from khue.clean.place import cells
from khue.contract.query import Query, Window
from khue.contract.scope import EVERYTHING, Scope
from khue.ledger.read import Reader

HISTORY = size("HISTORY", 20_000_000)
ENTITIES = size("ENTITIES", 1_000_000)
ROUNDS = 3
REQUESTS = 30
AGENCIES, AREAS = 20, 126
BEGIN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

# Readings of the 1,000 stations that ingest_http sends too, before its first moment.
GROW = """
insert into history."{partition}" (_id, _observed_at, _recorded_at, _seq, _record, _quality, _flags, _held, _deleted,
    _digest, station, observed_at, pm25, pm10, no2, so2, o3, co, temperature, relative_humidity, station__folded)
select 'urn:ngsi-ld:AirQualityObserved:bench-' || lpad((g % 1000)::text, 6, '0'),
    timestamptz '2026-09-30' - g / 1000 * interval '1 minute', now(), 0, g % 1000, 1, '{{}}', '{{}}', false,
    decode(md5(g::text), 'hex'), 'Trạm quan trắc không khí số ' || g % 1000,
    timestamptz '2026-09-30' - g / 1000 * interval '1 minute',
    30, 48, 25, 12, 60, 640, 27, 70, 'tram quan trac khong khi so ' || g % 1000
from generate_series({first}, {last}) g
"""
SCOPES = """
insert into khue.scope (agency, area, visible_to)
select 'agency' || a, 'area' || r, '{{}}' from generate_series(1, {agencies}) a, generate_series(1, {areas}) r
on conflict do nothing
"""
# Entities all over the city, each with one of the scopes.
ENTITY = """
insert into state.rain_gauge (_id, _agency, _area, _visible_to, _scope, _observed_at, _recorded_at, _seq, _record,
    _x, _y, _cell, _quality, _flags, _held, _deleted, _digest, station, observed_on, precipitation)
select 'urn:ngsi-ld:PrecipitationObserved:' || lpad(g::text, 7, '0'), s.agency, s.area, '{{}}', s.id,
    timestamptz '{begin}' + g * interval '1 second', now(), 1, g, p.x, p.y,
    floor((p.y + 90) * 100)::bigint * 36001 + floor((p.x + 180) * 100)::bigint, 1, '{{}}', '{{}}', false,
    decode(md5(g::text), 'hex'), 'Trạm ' || g, date '2026-01-01', 1
from generate_series(1, {entities}) g
cross join lateral (
    select 105.3 + (g * bigint '7919' % 100003) / 100003.0 * 0.7 as x,
           20.6 + (g * bigint '104729' % 100019) / 100019.0 * 0.7 as y) p
join (select *, row_number() over (order by id) - 1 as n from khue.scope where agency like 'agency%') s
    on s.n = g % ({agencies} * {areas})
"""
# Forty versions of a hundred thousand of them.
VERSIONS = """
insert into history.rain_gauge (_id, _agency, _area, _visible_to, _scope, _observed_at, _recorded_at, _seq, _record,
    _quality, _flags, _held, _deleted, _digest, station, observed_on, precipitation)
select s._id, s._agency, s._area, s._visible_to, s._scope, timestamptz '{begin}' + c.seq * interval '1 hour',
    c.recorded_at, c.seq, s._record, 1, '{{}}', '{{}}', false, s._digest, s.station, s.observed_on, c.seq
from khue.commit c cross join (select * from state.rain_gauge order by _id limit 100000) s
where c.seq between 1 and 40
"""


def measure() -> list[dict[str, Any]]:
    """Return what ingest, scoped readers and time travel cost as the record grows."""
    with serving() as house:
        http_rate(house, 0, requests=10)
        lines = _ingest(house)
        _people(house)
        return lines + asyncio.run(_read(house))


def _ingest(house: House) -> list[dict[str, Any]]:
    _grow(house, 1, HISTORY // 100)
    small = median(http_rate(house, 100 + turn * REQUESTS, requests=REQUESTS) for turn in range(ROUNDS))
    began = time.perf_counter()
    _grow(house, HISTORY // 100 + 1, HISTORY)
    print(f"    {HISTORY:,} rows of history made in {time.perf_counter() - began:.0f} s", flush=True)
    http_rate(house, 900, requests=10)
    large = median(http_rate(house, 1_000 + turn * REQUESTS, requests=REQUESTS) for turn in range(ROUNDS))
    return [
        {"name": "growth_ingest", "value": large, "unit": "records/s", "floor": small, "ratio": large / small,
         "history": HISTORY, "history_before": HISTORY // 100},
    ]  # fmt: skip


def _grow(house: House, first: int, last: int) -> None:
    """Fill the month's partition; many rows go in without the indexes, which are made again afterwards."""
    with house.owner() as connection:
        partition = connection.execute(
            "select 'air_station@' || to_char(now() at time zone 'utc', 'YYYYMM')"
        ).fetchone()
        name = str(partition[0]) if partition else ""
        found = connection.execute(
            "select indexrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index "
            "where indrelid = 'history.air_station'::regclass"
        ).fetchall()
        many = last - first > 1_000_000
        for index, _ in found if many else ():
            connection.execute(f"drop index {index}".encode())
        for start in range(first, last + 1, 1_000_000):
            text = GROW.format(partition=name, first=start, last=min(last, start + 999_999))
            connection.execute(text.encode())
        connection.execute(b"set maintenance_work_mem = '1GB'")
        for _, definition in found if many else ():
            connection.execute(str(definition).replace(" ON ONLY ", " ON ").encode())
        connection.execute(b"analyze history.air_station")
        connection.execute(b"checkpoint") if many and _may_checkpoint(connection) else None


def _may_checkpoint(connection: Any) -> bool:  # noqa: ANN401  psycopg's connection
    found = connection.execute("select pg_has_role('pg_checkpoint', 'usage')").fetchone()
    return bool(found and found[0])


def _people(house: House) -> None:
    values = {"agencies": AGENCIES, "areas": AREAS, "entities": ENTITIES, "begin": BEGIN.isoformat()}
    with house.owner() as connection:
        for text in (SCOPES, ENTITY, VERSIONS):
            connection.execute(text.format(**values).encode())
        connection.execute(b"vacuum analyze state.rain_gauge")
        connection.execute(b"analyze history.rain_gauge")
        connection.execute(b"analyze khue.scope")


async def _read(house: House) -> list[dict[str, Any]]:
    contract = house.contract("rain_gauge")
    names = frozenset({f"agency{n}" for n in (1, 4, 9)})
    scoped = Scope("scoped", names, frozenset({"area3", "area17", "area44", "area80", "area99", "area120"}))
    middle = BEGIN + dt.timedelta(seconds=ENTITIES // 2)
    ids = tuple(f"urn:ngsi-ld:PrecipitationObserved:{n:07}" for n in range(97, 97 * 51, 97))
    queries = {
        "window": Query("rain_gauge", geometry=Window(105.6, 20.9, 105.63, 20.93), limit=1_000),
        "ids": Query("rain_gauge", ids=ids, limit=100),
        "time": Query("rain_gauge", since=middle, until=middle + dt.timedelta(minutes=10), limit=1_000),
    }
    lines: list[dict[str, Any]] = []
    async with Reader(house.database, {"rain_gauge": contract}, cells) as reader:
        for name, query in queries.items():
            with_security, without = await _in_turn(reader, query, scoped)
            lines.append(
                {"name": f"growth_read_{name}", "value": with_security, "unit": "ms", "floor": without,
                 "ratio": with_security / without, "entities": ENTITIES}
            )  # fmt: skip
        now = dt.datetime.now(dt.UTC)  # noqa: TID251  the bench's own clock
        page = Query("rain_gauge", at=now, limit=50)
        whole = Query("rain_gauge", at=now, limit=100_000)
        for name, query, limit in (("page", page, 100.0), ("100000", whole, 2_000.0)):
            took = median([await _milliseconds(lambda query=query: reader.query(query, EVERYTHING)) for _ in range(5)])
            lines.append(
                {"name": f"growth_travel_{name}", "value": took, "unit": "ms", "floor": limit, "ratio": took / limit}
            )
    return lines


def _moment_of(house: House, seq: int) -> dt.datetime:
    with house.owner() as connection:
        row = connection.execute("select recorded_at from khue.commit where seq = %s", (seq,)).fetchone()
    if row is None or not isinstance(row[0], dt.datetime):
        raise RuntimeError(f"there is no commit {seq}")
    return row[0]


async def _in_turn(reader: Reader, query: Query, scoped: Scope) -> tuple[float, float]:
    """Return the medians with and without row security, milliseconds."""
    times: list[tuple[float, float]] = []
    for _ in range(16):
        one = await _milliseconds(lambda: reader.query(query, scoped))
        times.append((one, await _milliseconds(lambda: reader.query(query, EVERYTHING))))
    return median(one for one, _ in times[1:]), median(other for _, other in times[1:])


async def _milliseconds(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return (time.perf_counter() - began) * 1000
