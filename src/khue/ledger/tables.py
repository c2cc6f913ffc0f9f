"""The tables of a type, made from its contract: `state."<type>"` and `history."<type>"`.

Both have the same columns: the system columns, prefixed with `_` so that no contract can meet them, then the
contract's, all nullable, then `<name>__folded` for each folded text. A draft type has the system columns alone.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from khue.contract.contract import Contract
from khue.ledger.indexes import index_ddl, unique_ddl
from khue.ledger.policies import policy_ddl
from khue.ledger.statements import quoted

SYSTEM: tuple[tuple[str, str], ...] = (
    ("_id", "text not null"),
    ("_area", "text"),
    ("_agency", "text"),
    ("_visible_to", "text[]"),
    ("_scope", "int"),
    ("_observed_at", "timestamptz"),
    ("_recorded_at", "timestamptz not null"),
    ("_seq", "bigint not null"),
    ("_record", "int not null"),
    ("_x", "double precision"),
    ("_y", "double precision"),
    ("_cell", "bigint"),
    ("_quality", "real"),
    ("_flags", "text[] not null"),
    ("_held", "text[] not null"),
    ("_extra", "jsonb"),
    ("_deleted", "boolean not null"),
    ("_digest", "bytea not null"),
)
NAMES: tuple[str, ...] = tuple(name for name, _ in SYSTEM)


def contract_columns(contract: Contract) -> tuple[tuple[str, str], ...]:
    """Return name and SQL type of the contract's own columns, in contract order, folded texts last."""
    own = [(prop.name, prop.sql_type) for prop in contract.properties]
    folded = [(f"{prop.name}__folded", "text") for prop in contract.properties if prop.folded]
    return (*own, *folded)


def columns(contract: Contract) -> tuple[str, ...]:
    """Return the names of all columns of state and history."""
    return (*NAMES, *(name for name, _ in contract_columns(contract)))


def table_ddl(contract: Contract) -> tuple[str, ...]:
    """Return the statements that make the tables of a type, with indexes and row security."""
    body = ", ".join(f"{quoted(name)} {kind}" for name, kind in (*SYSTEM, *contract_columns(contract)))
    state, history = quoted("state", contract.type), quoted("history", contract.type)
    security = (*policy_ddl("state", contract.type), *policy_ddl("history", contract.type))
    return (
        f"create table {state} ({body}, primary key (_id)) with (fillfactor = 80)",
        f"create table {history} ({body}) partition by range (_recorded_at)",
        f"create table {quoted('history', contract.type + '@other')} partition of {history} default",
        *_history_indexes(contract, history),
        *unique_ddl(contract),
        *(statement.as_string(None) for statement in (*index_ddl(contract), *security)),
    )


def _history_indexes(contract: Contract, history: str) -> Iterator[str]:
    yield f"create index on {history} (_id, _observed_at desc, _seq desc, _record desc)"
    yield f"create index on {history} using brin (_recorded_at)"
    yield f"create index on {history} (_seq)"
    if contract.kind == "measure":
        # Few rows: whether a reading was taken back (fold.py) is asked of it, at the cost of a descent of one page.
        yield f"create index on {history} (_id, _observed_at) where _deleted"
    if any(check.kind == "neighbours" for check in contract.judgements):
        yield f"create index if not exists {quoted(contract.type + '_h_observed_at')} on {history} (_observed_at)"


def add_column_ddl(contract: Contract, names: frozenset[str]) -> tuple[str, ...]:
    """Return the statements that add the named nullable columns to both tables in place."""
    return tuple(
        f"alter table {quoted(schema, contract.type)} add column {quoted(name)} {kind}"
        for schema in ("state", "history")
        for name, kind in contract_columns(contract)
        if name in names
    )


def partition_name(type_name: str, month: datetime) -> str:
    """Return the name of the history partition of a month."""
    return f"{type_name}@{month:%Y%m}"


def month_of(moment: datetime) -> datetime:
    """Return the first moment of the month (UTC)."""
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_month(moment: datetime) -> datetime:
    """Return the same day and hour of the next month, for a moment on the first of one."""
    return moment.replace(year=moment.year + moment.month // 12, month=moment.month % 12 + 1)
