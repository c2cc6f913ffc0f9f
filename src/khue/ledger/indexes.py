"""Indexes that readers need on the tables of a type, beyond the keys that writers need.

Row security leaves only leakproof operators to an index, so windows go by `_cell`, never by geometry.
"""

import hashlib

from psycopg import sql

from khue.contract.contract import Contract
from khue.ledger.statements import quoted

STATE = ("_cell", "_observed_at", "_area")
HISTORY = ("_observed_at",)


def unique_ddl(contract: Contract) -> tuple[str, ...]:
    """Return the statements that make the indexes by which `unique` is judged: hashed, so that a text may be long."""
    checks = [check for check in contract.judgements if check.kind == "unique"]
    names = dict.fromkeys(
        name for check in checks for name in check.arguments.get("properties") or ([check.field] if check.field else [])
    )
    state = quoted("state", contract.type)
    return tuple(
        f"create index if not exists {quoted(_unique_name(contract, name))} on {state} using hash ({quoted(name)})"
        for name in names
    )


def _unique_name(contract: Contract, name: str) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]  # two long names may begin alike
    return f"{contract.type}_u_{digest}"


def index_ddl(contract: Contract) -> tuple[sql.Composed, ...]:
    """Return the statements that make the readers' indexes of a type's state and history."""
    history = HISTORY if contract.kind == "measure" else ()
    wanted = [("state", column) for column in STATE] + [("history", column) for column in history]
    return tuple(
        sql.SQL("create index if not exists {} on {} ({})").format(
            sql.Identifier(f"{contract.type}_{schema[0]}{column}"[:63]),
            sql.Identifier(schema, contract.type),
            sql.Identifier(column),
        )
        for schema, column in wanted
    )
