"""Two of the six dimensions that no record has alone: a source lives if it reports, a type is shared if it is open."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg import sql

from khue.contract.contract import Contract
from khue.contract.scope import EVERYTHING
from khue.ledger.named_sql import named
from khue.ledger.read import Reader

Pair = tuple[int, int]


async def reported(reader: Reader, every: Mapping[str, float], since: datetime, until: datetime) -> Mapping[str, Pair]:
    """Return (periods in which it reported, periods that it promised) of each source that was ever heard of.

    `every` is source → seconds between its reports. The period that is under way is not counted.
    """
    values = (until, since, list(every), list(every.values()))
    async with reader.transaction(EVERYTHING) as connection:
        rows = await (await connection.execute(sql.Composed([named("read/reported")]), values)).fetchall()
    return {row["source"]: (row["reported"], row["promised"]) for row in rows}


async def shared(reader: Reader, contract: Contract, since: datetime, until: datetime) -> Pair:
    """Return (rows that are open, rows that may be open) of a type: readings received in the window, or its state."""
    share = contract.share
    if share is None:
        return 0, 0
    values: list[Any] = [share.least_quality, list(share.shut_checks)]
    if share.of == "readings":
        text = named("read/shared_readings").format(history=sql.Identifier("history", contract.type))
        values += [since, until]
    else:
        text = named("read/shared_state").format(state=sql.Identifier("state", contract.type))
    async with reader.transaction(EVERYTHING) as connection:
        row = (await (await connection.execute(text, values)).fetchall())[0]
    return row["opened"], row["lawful"]
