"""Bring a database to the tables that this Khuê knows: logins, then the numbered migrations of `sql/migrations`."""

import hashlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files

import psycopg

from khue.contract.errors import Misconfigured
from khue.ledger.database import ROLES, Database, connect
from khue.ledger.logins import (
    Administrator,
    Connection,
    database_of,
    is_secure,
    login,
    make_logins,
    prove_logins,
    secure,
)
from khue.ledger.named_sql import named
from khue.ledger.passwords import has_password

LOCK = 4_746_001  # any number that no other program takes as an advisory lock
OLDEST = 15


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file; once released it is never edited, which its digest proves."""

    number: int
    name: str
    text: str

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the text, hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrations() -> tuple[Migration, ...]:
    """Return the migrations in order."""
    folder = files("khue.ledger").joinpath("sql/migrations")
    found = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    return tuple(
        Migration(int(name.split("_", maxsplit=1)[0]), name, folder.joinpath(name).read_text(encoding="utf-8"))
        for name in found
    )


def prepare(administrator: Administrator) -> Database:
    """Return the city's database ready for use: logins made and shut in, migrations applied.

    Any number of processes may call it at once. Where all is done already, it only looks.
    """
    complete = all(has_password(administrator.data, login(role)) for role in ROLES)
    with connect(administrator.uri) as connection:
        _require_version(connection)
        if not (complete and _is_ready(connection, database_of(administrator))):
            with _alone(connection):
                make_logins(connection, administrator)
                secure(connection)
                prove_logins(connection, administrator)
                with connect(database_of(administrator).owner) as owner:
                    migrate(owner)
    return database_of(administrator)


def migrate(owner: Connection) -> None:
    """Apply the migrations that are missing, each in a transaction of its own, as khue_owner."""
    owner.execute(named("migration_register"))
    for migration in _missing(owner):
        with owner.transaction():
            owner.execute(migration.text.encode())
            owner.execute(
                "INSERT INTO khue.migration (number, name, digest) VALUES (%s, %s, %s)",
                (migration.number, migration.name, migration.digest),
            )


def _missing(owner: Connection) -> tuple[Migration, ...]:
    known = {migration.number: migration for migration in migrations()}
    applied = owner.execute("SELECT number, name, digest FROM khue.migration ORDER BY number").fetchall()
    for number, name, digest in applied:
        if number not in known:
            raise Misconfigured(f"The database was made by a newer Khuê ({name})", todo="install that version or newer")
        if known[number].digest != digest:
            raise Misconfigured(
                f"The migration {name} was edited after it was applied",
                why="the database no longer is what the file says",
                todo="undo the edit and add a migration, or begin with an empty data folder",
            )
    done = {number for number, _, _ in applied}
    return tuple(migration for number, migration in known.items() if number not in done)


def _is_ready(connection: Connection, database: Database) -> bool:
    try:
        if not is_secure(connection):
            return False
        owner = connect(database.owner)
    except (psycopg.errors.UndefinedObject, Misconfigured):
        return False  # a login is missing or its password is lost: mended or said by what follows
    with owner:
        try:
            return not _missing(owner)
        except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege):
            return False


def _require_version(connection: Connection) -> None:
    major = connection.info.server_version // 10_000
    if major < OLDEST:
        raise Misconfigured(f"PostgreSQL {major} is too old", todo=f"give Khuê PostgreSQL {OLDEST} or newer")


@contextmanager
def _alone(connection: Connection) -> Generator[None]:
    connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
    try:
        yield
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))
