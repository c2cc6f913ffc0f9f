"""Open datasets as the public's role reads them: the `open` schema and nothing else, streamed by COPY."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import sql

from khue.contract.contract import Contract
from khue.contract.errors import Refused
from khue.ledger.query import Statement

FIRST = ("id", "observed_at", "quality")  # columns that every dataset has before its own


@dataclass(frozen=True, slots=True)
class Part:
    """Which rows of a dataset: observed from `since` to `until` (excluded), at most `limit` of the newest."""

    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None


def open_columns(contract: Contract) -> tuple[str, ...]:
    """Return the columns of a type's open dataset."""
    if contract.share is None:
        raise Refused(f"{contract.type} has no open dataset")
    return (*FIRST, *contract.share.properties)


def open_select(contract: Contract, part: Part) -> Statement:
    """Return the select of a dataset, newest first where it is limited; its values cannot be parameters of COPY."""
    columns = sql.SQL(", ").join(map(sql.Identifier, open_columns(contract)))
    dataset = contract.share.dataset if contract.share else ""
    where: list[sql.Composable] = [sql.SQL("true")]
    if part.since is not None:
        where.append(sql.SQL("observed_at >= {}").format(sql.Literal(part.since)))
    if part.until is not None:
        where.append(sql.SQL("observed_at < {}").format(sql.Literal(part.until)))
    tail: sql.Composable = sql.SQL("")
    if part.limit is not None:
        tail = sql.SQL(" order by observed_at desc, id limit {}").format(sql.Literal(max(0, part.limit)))
    text = sql.SQL("select {} from {} where {}{}")
    values: tuple[Any, ...] = ()
    return Statement(text.format(columns, sql.Identifier("open", dataset), sql.SQL(" and ").join(where), tail), values)


def open_copy(contract: Contract, part: Part) -> sql.Composed:
    """Return the COPY that writes a dataset as CSV: UTF-8, a line of names first."""
    select = open_select(contract, part).text
    return sql.SQL("copy ({}) to stdout with (format csv, header true, encoding 'UTF8')").format(select)
