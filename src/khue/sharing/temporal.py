"""The temporal query of NGSI-LD (ETSI GS CIM 009, 4.11): the readings of one entity over time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.datastructures import QueryParams

from khue.contract.contract import Contract
from khue.contract.errors import Refused
from khue.contract.query import Query
from khue.contract.scope import Scope
from khue.ledger.read import Reader
from khue.sharing.asked import OF_TIME, moment, only, options_of, shown_of, whole
from khue.sharing.represent import moment as written
from khue.sharing.represent import over_time

USUAL = 1_000  # readings in an answer that does not say lastN
MOST = 10_000
INSTANT = timedelta(microseconds=1)  # the finest time that the record holds


@dataclass(frozen=True, slots=True)
class Evolution:
    """An entity over time; `content_range` says which part is answered where there is more."""

    entity: dict[str, Any]
    content_range: str = ""


async def evolution(
    reader: Reader, contract: Contract, entity_id: str, parameters: QueryParams, scope: Scope
) -> Evolution | None:
    """Return the newest readings of an entity in the time asked, None where there are none."""
    only(parameters, OF_TIME)
    most = whole(parameters, "lastN", USUAL, MOST)
    since, until = period(parameters)
    query = Query(contract.type, of="readings", ids=(entity_id,), since=since, until=until, limit=most + 1)
    page = await reader.query(query, scope)
    rows = page.rows[:most]
    if not rows:
        return None
    values_only = "temporalValues" in options_of(parameters)
    shown = over_time(rows, contract, shown_of(parameters), values_only=values_only)
    cut = len(page.rows) > most and "lastN" not in parameters
    ends = (written(rows[0]["_observed_at"]), written(rows[-1]["_observed_at"]))
    return Evolution(shown, f"date-time {ends[0]}-{ends[1]}/*" if cut else "")


def period(parameters: Mapping[str, str]) -> tuple[datetime | None, datetime | None]:
    """Return the first moment asked, and the first one after it."""
    if parameters.get("timeproperty", "observedAt") != "observedAt":
        raise Refused("Only observedAt orders the readings", where="timeproperty")
    timerel = parameters.get("timerel")
    if timerel is None:
        return None, None
    if "timeAt" not in parameters:
        raise Refused("The time is missing", where="timeAt", todo="write timeAt=2026-11-22T08:00:00Z")
    start = moment(parameters["timeAt"], "timeAt")
    if timerel == "before":
        return None, start
    if timerel == "after":
        return start + INSTANT, None
    if timerel != "between" or "endTimeAt" not in parameters:
        raise Refused(f"The relation {timerel!r} is not known, or its end is missing", where="timerel, endTimeAt")
    return start, moment(parameters["endTimeAt"], "endTimeAt")
