"""A type and rows of it, written by plain SQL so that the readers are tested apart from the writers."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from khue.contract.contract import Contract
from khue.contract.label import Label
from khue.contract.property import Property
from khue.ledger.database import Database
from khue.ledger.read import Reader
from khue.ledger.tables import columns, table_ddl

START = datetime(2026, 11, 22, tzinfo=UTC)
LABEL = Label("Mưa", "Rain")


def make_contract(kind: str = "measure", type_name: str = "rain") -> Contract:
    return Contract(
        type=type_name,
        entity_type="Rain",
        version="1.0.0",
        kind=kind,
        status="active",
        label=LABEL,
        description="",
        owner="hydrology",
        key="{station}",
        observed_at="at",
        checks=(),
        properties=(
            Property("station", "string", LABEL, folded=True),
            Property("amount", "number", LABEL, unit="MMT", term="precipitation"),
            Property("count", "integer", LABEL),
            Property("broken", "boolean", LABEL),
            Property("day", "date", LABEL),
            Property("at", "timestamp", LABEL),
            Property("more", "object", LABEL),
        ),
    )


class Writer:
    """Writes commits of one type: history as given, state as the ledger's rule says."""

    def __init__(self, connection: psycopg.Connection[Any], contract: Contract) -> None:
        self.connection, self.contract = connection, contract
        for statement in table_ddl(contract):
            connection.execute(statement.encode())

    def commit(
        self, *rows: Mapping[str, Any], source: str = "hand", kind: str = "data", counts: dict[str, Any] | None = None
    ) -> int:
        """Write one commit at START + seq hours; a row gives columns by name, `_id` at least."""
        full = {"received": len(rows), "clean": len(rows), "flagged": 0, "held": 0, "rejected": 0, "unchanged": 0}
        with self.connection.transaction():
            seq = self.connection.execute("update khue.head set seq = seq + 1 returning seq").fetchone()[0]
            moment = START + timedelta(hours=seq)
            self.connection.execute("update khue.head set recorded_at = %s", [moment])
            self.connection.execute(
                "insert into khue.commit (seq, recorded_at, type, contract_version, code_version, reference_version,"
                " source, actor, kind, mode, about, profile, counts, raw_digest, rows_digest, hash)"
                " values (%s, %s, %s, '1.0.0', '', '', %s, 'local', %s, 'replace', '{}', '{}', %s, 'a', 'b', 'c')",
                [seq, moment, self.contract.type, source, kind, Jsonb({**full, **(counts or {})})],
            )
            for record, row in enumerate(rows):
                self._row(seq, record, moment, row)
            if source != "silent":
                self.connection.execute("select pg_notify('khue', %s)", [str(seq)])
        return seq

    def _row(self, seq: int, record: int, moment: datetime, row: Mapping[str, Any]) -> None:
        filled = {
            "_agency": "hydrology",
            "_visible_to": [],
            "_observed_at": moment,
            "_recorded_at": moment,
            "_seq": seq,
            "_record": record,
            "_quality": 1.0,
            "_flags": [],
            "_held": [],
            "_deleted": False,
            "_digest": b"",
            **row,
        }
        filled["_scope"] = self._scope(filled)
        names = [name for name in columns(self.contract) if name in filled]
        listed, places = ", ".join(f'"{name}"' for name in names), ", ".join(["%s"] * len(names))
        values = [filled[name] for name in names]
        self.connection.execute(f'insert into history."{self.contract.type}" ({listed}) values ({places})', values)
        newer = "(excluded._observed_at, excluded._seq, excluded._record) > (s._observed_at, s._seq, s._record)"
        self.connection.execute(
            f'insert into state."{self.contract.type}" as s ({listed}) values ({places})'
            " on conflict (_id) do update set "
            + ", ".join(f'"{name}" = excluded."{name}"' for name in names)
            + (f" where {newer}" if self.contract.kind == "measure" else ""),
            values,
        )

    def _scope(self, row: Mapping[str, Any]) -> int:
        return self.connection.execute(
            "insert into khue.scope (agency, area, visible_to) values (%s, %s, %s)"
            " on conflict (agency, area, visible_to) do update set agency = excluded.agency returning id",
            [row["_agency"] or "", row.get("_area") or "", sorted(row["_visible_to"])],
        ).fetchone()[0]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def rain() -> Contract:
    return make_contract()


@pytest.fixture
def owner(database: Database):
    with psycopg.connect(database.owner, autocommit=True) as connection:
        yield connection


@pytest.fixture
def write(owner: psycopg.Connection[Any], rain: Contract) -> Writer:
    """A writer of the type `rain`."""
    return Writer(owner, rain)


@pytest.fixture
def make_writer(owner: psycopg.Connection[Any]) -> Callable[[Contract], Writer]:
    return lambda contract: Writer(owner, contract)


@pytest.fixture
async def reader(database: Database, rain: Contract) -> AsyncIterator[Reader]:
    """A reader of the types `rain` and `case`."""
    async with Reader(database, {"rain": rain, "case": make_contract("case", "case")}, connections=2) as opened:
        yield opened
