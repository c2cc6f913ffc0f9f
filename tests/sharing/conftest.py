"""A ledger with rain, written through the writer's own statements, and the doors over it."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.types.json import Jsonb
from starlette.applications import Starlette

from khue.contract.contract import Contract, Share
from khue.contract.label import Label
from khue.contract.property import Property
from khue.contract.scope import EVERYTHING
from khue.ledger.database import Database
from khue.ledger.read import Reader
from khue.ledger.tables import table_ddl
from khue.ledger.views import view_ddl
from khue.sharing import ngsi_ld, open_data

START = datetime(2026, 11, 22, tzinfo=UTC)


def rain_contract() -> Contract:
    label = Label("Mưa", "Rain")
    return Contract(
        type="rain",
        entity_type="RainObserved",
        version="1.0.0",
        kind="measure",
        status="active",
        label=label,
        description="Rain",
        owner="hydrology",
        key="{station}",
        observed_at="at",
        checks=(),
        properties=(
            Property("station", "string", label, term="name", classification="public"),
            Property("amount", "number", label, unit="MMT", term="precipitation", classification="public"),
            Property("broken", "boolean", label),
            Property("at", "timestamp", label, term="dateObserved", classification="public"),
        ),
        share=Share("rain_gauge", "readings", ("station", "amount"), licence="https://example.org/licence"),
    )


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def rain() -> Contract:
    return rain_contract()


class Written:
    """Writes commits of rain; a row gives columns by name, `_id` at least."""

    def __init__(self, connection: psycopg.Connection[Any], contract: Contract) -> None:
        self.connection = connection
        for statement in (*table_ddl(contract), *view_ddl(contract)):
            connection.execute(statement.encode())
        connection.execute("insert into khue.contract values ('rain', '1.0.0', '', '{}', 0, %s)", [START])

    def commit(self, *rows: Mapping[str, Any]) -> int:
        with self.connection.transaction():
            seq = self.connection.execute("update khue.head set seq = seq + 1 returning seq").fetchone()[0]
            moment = START + timedelta(hours=seq)
            self.connection.execute("update khue.head set recorded_at = %s", [moment])
            self.connection.execute(
                "insert into khue.commit (seq, recorded_at, type, contract_version, code_version, reference_version,"
                " source, actor, kind, mode, about, profile, counts, raw_digest, rows_digest, hash)"
                " values (%s, %s, 'rain', '1.0.0', '', '', '', '', 'data', 'replace', '{}', '{}', '{}', '', '', '')",
                [seq, moment],
            )
            for record, row in enumerate(rows):
                filled = {
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
                names, places = ", ".join(filled), ", ".join(["%s"] * len(filled))
                values = list(filled.values())
                self.connection.execute("delete from state.rain where _id = %s", [row["_id"]])
                for schema in ("history", "state"):
                    self.connection.execute(f"insert into {schema}.rain ({names}) values ({places})", values)
        return seq


@pytest.fixture
def written(database: Database, rain: Contract):
    with psycopg.connect(database.owner, autocommit=True) as connection:
        made = Written(connection, rain)
        made.commit(
            {"_id": "urn:ngsi-ld:RainObserved:lang", "station": "Láng", "amount": 12.5, "_x": 105.8, "_y": 21.02},
            {"_id": "urn:ngsi-ld:RainObserved:hadong", "station": "Hà Đông", "amount": 3.0, "_x": 105.77, "_y": 20.97},
            {
                "_id": "urn:ngsi-ld:RainObserved:socson",
                "station": "Sóc Sơn",
                "broken": True,
                "_extra": Jsonb({"note": {"type": "Property", "value": "x"}}),
            },
        )
        yield made


@pytest.fixture
async def doors(database: Database, rain: Contract) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the read doors."""
    async with Reader(database, {"rain": rain}, connections=2) as reader:
        application = Starlette(routes=[*ngsi_ld.routes(reader, lambda _: EVERYTHING), *open_data.routes(reader)])
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://khue") as client:
            yield client
