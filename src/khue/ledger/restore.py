"""Bring a backup back, into an empty database only: all of it or nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import psycopg
from psycopg import sql

from khue.contract.errors import Conflict, Refused
from khue.ledger.archive_file import Entry, Manifest, contents, read_manifest
from khue.ledger.backup import AFTER, BEFORE, SCHEMAS
from khue.ledger.database import connect
from khue.ledger.logins import Administrator, Connection, database_of, make_logins, prove_logins, secure
from khue.ledger.migrate import migrate
from khue.ledger.named_sql import named

NEXT = "SELECT setval(pg_get_serial_sequence({}, {}), greatest(max({}), 1), count(*) > 0) FROM {}"


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back: the last seq, its hash, how many tables and rows, and when the backup was made."""

    seq: int
    hash: str
    tables: int
    rows: int
    made_at: str


def restore(file: Path, administrator: Administrator) -> Restored:
    """Restore `file` into the administrator's empty database; `khue verify` proves the result.

    The file is read whole and proven before the database is touched. A backup of an older Khuê is migrated.
    """
    manifest = read_manifest(file)
    with connect(administrator.uri) as connection:
        _require_empty(connection)
        make_logins(connection, administrator)
        secure(connection)
        prove_logins(connection, administrator)
    with connect(database_of(administrator).owner) as owner:
        owner.execute("SET idle_in_transaction_session_timeout = 0")  # reading a slow disk is no idleness
        try:
            with owner.transaction():
                restored = _fill(owner, file, manifest)
        except psycopg.DataError as error:
            raise Refused(
                "The backup does not fit its own structure", where=str(file), why=str(error).strip()
            ) from error
        owner.execute("ANALYZE")
        migrate(owner)
    return restored


def _fill(owner: Connection, file: Path, manifest: Manifest) -> Restored:
    where = {member.name: entry for entry in manifest.entries for member in entry.members}

    def entry_of(piece: tuple[str, bytes]) -> str:
        return where[piece[0]].name

    entries = {entry.name: entry for entry in manifest.entries}
    for name, group in groupby(contents(file), key=entry_of):
        pieces = (piece for _, piece in group)
        if name in (BEFORE, AFTER):
            _run(owner, b"".join(pieces).decode())
        else:
            _copy(owner, entries[name], pieces)
    _after(owner)
    return _compared(owner, manifest)


def _run(owner: Connection, text: str) -> None:
    # pg_dump writes for psql and for its own version: lines that only psql reads, or that an older server would
    # refuse, are left out; none of them is structure.
    lines = text.splitlines()
    kept = [line for line in lines if not line.startswith(("\\", "SET transaction_timeout"))]
    owner.execute("\n".join(kept).encode())


def _copy(owner: Connection, entry: Entry, pieces: Iterator[bytes]) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, entry.columns))
    name = sql.Identifier(entry.schema, entry.table)
    with owner.cursor() as cursor:
        with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(name, columns)) as copy:
            for piece in pieces:
                copy.write(piece)
        if cursor.rowcount != entry.rows:
            raise Refused(f"{entry.name} has {cursor.rowcount} rows, its manifest says {entry.rows}")


def _after(owner: Connection) -> None:
    # What belongs to no schema is in no dump of schemas: 001_khue.sql says it too.
    owner.execute("ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")
    for schema, table, column in owner.execute(named("identity_columns"), (list(SCHEMAS),)).fetchall():
        name = sql.Identifier(schema, table)
        text = sql.Literal(name.as_string(owner))
        owner.execute(sql.SQL(NEXT).format(text, sql.Literal(column), sql.Identifier(column), name))


def _compared(owner: Connection, manifest: Manifest) -> Restored:
    about = manifest.about
    seq, head = owner.execute("SELECT seq, encode(hash, 'hex') FROM khue.head").fetchone() or (0, "")
    if (seq, head) != (about.seq, about.hash):
        raise Refused("The restored ledger does not end where the backup says", why=f"{seq} {head}")
    data = [entry for entry in manifest.entries if entry.table]
    return Restored(seq, head, len(data), sum(entry.rows for entry in data), about.made_at)


def _require_empty(connection: Connection) -> None:
    found = connection.execute(
        "SELECT string_agg(nspname::text, ', ') FROM pg_namespace WHERE nspname = ANY(%s)", (list(SCHEMAS),)
    ).fetchone()
    if found and found[0]:
        raise Conflict(
            "A backup is restored into an empty database only",
            why=f"this one has {found[0]}",
            todo="give an empty data folder (KHUE_DATA) or an empty database (KHUE_DATABASE_URL)",
        )
