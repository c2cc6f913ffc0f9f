"""A named SQL file as a psycopg statement, for the asynchronous readers."""

from typing import LiteralString, cast

from psycopg import sql

from khue.ledger.statements import template


def named(name: str) -> sql.SQL:
    """Return the statement in `sql/<name>.sql`; places {like_this} take identifiers and statements."""
    return sql.SQL(cast("LiteralString", template(name)))  # the files are ours, no part of them comes from a caller
