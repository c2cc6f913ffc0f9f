"""Indexes that readers need on the tables of a type, beyond the keys that writers need.

Row security leaves only leakproof operators to an index, so windows go by `_cell`, never by geometry.
"""

from psycopg import sql

from khue.contract.contract import Contract

STATE = ("_cell", "_observed_at", "_area")
HISTORY = ("_observed_at",)


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
