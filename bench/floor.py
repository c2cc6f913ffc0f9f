"""The floor of ingest: the same rows written the barest way that still keeps state, history, commit and raw.

One connection; each batch is an ADBC COPY of a frame that is ready (typed, with digests), one INSERT into history, one
upsert into state, a commit row and the raw bytes, COMMIT. No decoding, cleaning, judging, digests, chain or order.
The tables are copies of the type's own, with the same columns and indexes, beside them in the same database.
"""

import datetime as dt
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa
import zstandard
from adbc_driver_postgresql import dbapi
from house import House
from psycopg import sql

from khue.clean.clean import clean
from khue.contract.batch import Batch, Part, Raw
from khue.contract.contract import Contract
from khue.ledger.merge_sql import recency
from khue.ledger.staging import arrow, json_names, ready, scope_keys
from khue.ledger.statements import quoted
from khue.ledger.tables import columns

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
MAKE = """
drop schema if exists floor cascade;
create schema floor;
create table floor.state (like state.{type} including all) with (fillfactor = 80);
create table floor.history (like history.{type} including all) partition by range (_recorded_at);
create table floor.history_other partition of floor.history default;
create table floor.commit (like khue.commit including all);
create table floor.raw (like khue.raw including all);
create table floor.head (like khue.head including all) with (fillfactor = 10);
insert into floor.head select * from khue.head;
"""


@dataclass(frozen=True)
class Ready:
    """One batch as the floor takes it: the Arrow table to copy, and the bytes it came from."""

    table: pa.Table
    raw: bytes

    @property
    def rows(self) -> int:
        """Return how many records there are."""
        return self.table.num_rows


def make_tables(house: House, type_name: str) -> None:
    """Make the floor's tables, empty."""
    with house.owner() as connection:
        connection.execute(sql.SQL(MAKE).format(type=sql.Identifier(type_name)))


def made_ready(frame: pl.DataFrame, contract: Contract, content: bytes) -> Ready:
    """Return decoded records as the floor copies them: cleaned beforehand, with every column of history."""
    part = Part(0, frame.height, "bench", "bench", Raw(content, b""))
    cleaned = clean(Batch(contract.type, frame, (part,)), contract, {}, NOW)
    rows = ready(cleaned, dict.fromkeys(scope_keys(cleaned.rows), 1), NOW).rows
    digests = [hashlib.sha256(str(n).encode()).digest()[:16] for n in range(rows.height)]
    rows = rows.with_columns(
        pl.Series("_digest", digests),
        pl.lit(NOW).cast(pl.Datetime("us", "UTC")).alias("_recorded_at"),
        pl.lit(1, pl.Int64).alias("_seq"),
    )
    table = arrow(rows.select(columns(contract)), json_names(contract))
    return Ready(table, content)


class Floor:
    """One connection that writes ready batches."""

    def __init__(self, house: House, contract: Contract) -> None:
        self._connection = dbapi.connect(house.database.owner)
        self._cursor = self._connection.cursor()
        self._cursor.execute("select coalesce(max(seq), 0) from floor.commit")
        self._seq = int(self._cursor.fetchall()[0][0])
        names = ", ".join(map(quoted, columns(contract)))
        updates = ", ".join(f"{quoted(n)} = excluded.{quoted(n)}" for n in columns(contract) if n != "_id")
        old, new = (", ".join(recency(contract.kind, table)) for table in ("s", "excluded"))
        order = "_id, _observed_at desc, _record desc"
        self._history = f"insert into floor.history ({names}) select {names} from floor_load"
        self._state = (
            f"insert into floor.state as s ({names}) select distinct on (_id) {names} from floor_load order by {order} "
            f"on conflict (_id) do update set {updates} where ({old}) < ({new})"
        )
        self._cursor.execute(
            f"create temp table floor_load (like history.{quoted(contract.type)}) on commit delete rows"
        )
        self._connection.commit()

    def write(self, batch: Ready) -> None:
        """Write one batch; it is on disk when this returns."""
        self._cursor.adbc_ingest("floor_load", batch.table, mode="append", temporary=True)
        self._cursor.execute(self._history)
        self._cursor.execute(self._state)
        self._seq += 1
        self._log(batch)
        self._connection.commit()

    def _log(self, batch: Ready) -> None:
        row: tuple[Any, ...] = (self._seq, f"bench:{self._seq}", zstandard.compress(batch.raw, 1))
        self._cursor.execute(
            "with raw as (insert into floor.raw values ($1::int8, 0, $3::bytea)) insert into floor.commit "
            "(seq, recorded_at, type, contract_version, code_version, reference_version, source, actor, kind, mode, "
            "position, about, profile, counts, raw_seq, raw_digest, rows_digest, hash) values ($1::int8, "
            "clock_timestamp(), 't', '1', '1', '', 's', 'a', 'data', 'replace', $2::text, '{}', '{}', '{}', $1::int8, "
            "'', '', '')",
            row,
        )

    def close(self) -> None:
        """Close the connection."""
        self._cursor.close()
        self._connection.close()


def floor_rate(house: House, contract: Contract, batches: Sequence[Ready]) -> float:
    """Return records a second of the floor over all batches."""
    floor = Floor(house, contract)
    began = time.perf_counter()
    for batch in batches:
        floor.write(batch)
    seconds = time.perf_counter() - began
    floor.close()
    return sum(batch.rows for batch in batches) / seconds
