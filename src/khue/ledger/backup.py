"""A backup while the city works: one snapshot of everything, in one file that proves itself.

The structure comes from pg_dump, which knows every table, index, policy and grant; the rows from COPY in binary.
Both see the same exported snapshot. Writers go on; only a contract's change waits until the backup is done.
"""

import os
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from khue.contract.clock import Clock
from khue.contract.errors import Misconfigured, Refused, TryAgain
from khue.ledger.archive_file import About, Entry, Manifest, Writer
from khue.ledger.database import Database, connect, with_parts
from khue.ledger.logins import Connection
from khue.ledger.named_sql import named
from khue.ledger.programs import embedded_programs

SCHEMAS = ("khue", "state", "history", "open", "identity")
BEFORE, AFTER = "structure/before", "structure/after"  # the data: tables and grants, then indexes and policies
TRIES = 5


@dataclass(frozen=True, slots=True)
class Backup:
    """What was written: its size, the last seq in it, its rows, and the digest that names it."""

    file: Path
    bytes: int
    seq: int
    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class _Table:
    schema: str
    name: str
    columns: tuple[str, ...]

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)


def backup(database: Database, file: Path, clock: Clock) -> Backup:
    """Write everything that the city knows into `file`, which appears only when it is whole, and record it."""
    if file.exists():
        raise Refused("A file of that name is there already", where=str(file), todo="choose another name")
    moment = clock()
    part = file.with_name(f"{file.name}.part")
    try:
        with part.open("wb") as handle, connect(database.owner) as owner:
            part.chmod(0o600)  # it holds what is personal, as the database does
            made = _write(owner, database, Writer(handle), moment.isoformat())
            handle.flush()
            os.fsync(handle.fileno())
        done = Backup(file, part.stat().st_size, *made)
        part.rename(file)
    except OSError as error:
        raise TryAgain("The backup could not be written", where=str(part), why=str(error)) from error
    finally:
        part.unlink(missing_ok=True)
    _sync_folder(file.parent)
    with connect(database.owner) as owner:
        owner.execute(
            "INSERT INTO khue.backup (recorded_at, file, bytes, seq, digest) VALUES (%s, %s, %s, %s, %s)",
            (moment, str(file.absolute()), done.bytes, done.seq, done.digest),
        )
    return done


def _write(owner: Connection, database: Database, writer: Writer, moment: str) -> tuple[int, int, str]:
    owner.execute("SET idle_in_transaction_session_timeout = 0")  # it is idle while pg_dump writes the structure
    tables = _snapshot(owner)
    snapshot = _one(owner, "SELECT pg_export_snapshot()")
    seq, head = owner.execute("SELECT seq, encode(hash, 'hex') FROM khue.head").fetchone() or (0, "")
    before = Entry(BEFORE, writer.add(BEFORE, _structure(database, snapshot, "pre-data")))
    data = [_copy(owner, writer, number, table) for number, table in enumerate(tables)]
    after = Entry(AFTER, writer.add(AFTER, _structure(database, snapshot, "post-data")))
    owner.execute("ROLLBACK")
    about = About(version("khue"), owner.info.server_version // 10_000, moment, seq, head)
    digest = writer.close(Manifest(about, (before, *data, after)))
    return seq, sum(entry.rows for entry in data), digest


def _snapshot(owner: Connection) -> list[_Table]:
    """Begin the transaction of the backup: every table is locked against change first, then looked at."""
    for _ in range(TRIES):
        tables = _tables(owner)
        owner.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        try:
            names = sql.SQL(", ").join(table.identifier for table in tables)
            owner.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(names))
            if _tables(owner) == tables:
                return tables
        except psycopg.errors.UndefinedTable:
            pass  # a contract's change renamed it between the two looks
        owner.execute("ROLLBACK")
    raise TryAgain("The tables change faster than a backup can begin", todo="try again when contracts are at rest")


def _tables(owner: Connection) -> list[_Table]:
    rows = owner.execute(named("backup_tables"), (list(SCHEMAS),)).fetchall()
    return [_Table(schema, name, tuple(columns)) for schema, name, columns in rows]


def _copy(owner: Connection, writer: Writer, number: int, table: _Table) -> Entry:
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    statement = sql.SQL("COPY {} ({}) TO STDOUT (FORMAT binary)").format(table.identifier, columns)
    with owner.cursor() as cursor:
        with cursor.copy(statement) as copy:
            members = writer.add(f"data/{number:05}", _bytes(copy))
        rows = cursor.rowcount
    return Entry(f"{table.schema}.{table.name}", members, table.schema, table.name, table.columns, rows)


def _bytes(copy: Iterable[Any]) -> Iterator[bytes]:
    for piece in copy:
        yield bytes(piece)


def _structure(database: Database, snapshot: str, section: str) -> Iterator[bytes]:
    secret = str(conninfo_to_dict(database.owner)["password"])
    command = [str(embedded_programs() / "pg_dump"), "--section", section, "--snapshot", snapshot, "--no-comments"]
    command += [*(f"--schema={schema}" for schema in SCHEMAS), "--dbname", with_parts(database.owner, password="")]
    done = subprocess.run(command, env={"PGPASSWORD": secret}, capture_output=True, check=False)  # noqa: S603
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise Misconfigured(
            "The structure of the database could not be read", why=said, todo="see docs/server.md, Backup"
        )
    yield done.stdout


def _one(owner: Connection, query: str) -> Any:  # noqa: ANN401  whatever the query answers
    row = owner.execute(query.encode()).fetchone()
    return row[0] if row else None


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
