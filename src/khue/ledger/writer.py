"""The owner's connection of one writer thread: a commit is ADBC from BEGIN to COMMIT."""

import re
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import adbc_driver_manager
import pyarrow as pa
from adbc_driver_postgresql import dbapi

from khue.contract.errors import KhueError, Refused, TryAgain
from khue.ledger.database import Database, connect_owner_adbc
from khue.ledger.merge_sql import Statements
from khue.ledger.statements import template

DATA_FAULTS = ("22", "23")  # SQLSTATE classes: the data cannot be written, and never will be
DISK_FULL = "53100"
TRANSACTION_FAULTS = ("40", "55", "53", "57014")  # the same may succeed later on the same connection


class Writer:
    """One ADBC connection with its temporary tables; never shared by two threads."""

    def __init__(self, connection: dbapi.Connection) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        # The answers are a few rows: COPY (query) would have PostgreSQL read and plan each statement a second time.
        self._cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
        self._tables: set[str] = set()
        self.run("set idle_in_transaction_session_timeout = '10s'")
        self.run(template("quarantine_table"))
        self.commit()

    def run(self, statement: str, parameters: Sequence[object] = ()) -> None:
        """Execute a statement whose answer nobody wants."""
        self._cursor.execute(statement, tuple(parameters) or None)

    def rows(self, statement: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows that a statement answers."""
        self._cursor.execute(statement, tuple(parameters) or None)
        return self._cursor.fetchall()

    def copy(self, table: str, data: pa.Table, schema: str | None = None) -> None:  # pyright: ignore[reportUnknownParameterType]  no types
        """Append rows to a table by binary COPY; without a schema it is a temporary one."""
        self._cursor.adbc_ingest(table, data, mode="append", db_schema_name=schema, temporary=schema is None)

    def commit(self) -> None:
        """End the transaction: what was written is on disk when this returns."""
        self._connection.commit()

    def rollback(self) -> None:
        """End the transaction without a trace."""
        self._connection.rollback()

    def prepare(self, statements: Statements) -> None:
        """Make the temporary tables of a contract version, once a connection."""
        if statements.key not in self._tables:
            for statement in statements.tables():
                self.run(statement)
            self.commit()
            self._tables.add(statements.key)

    def close(self) -> None:
        """Close the connection; a dead one is only forgotten."""
        with suppress(adbc_driver_manager.Error):
            self._cursor.close()
        with suppress(adbc_driver_manager.Error, RuntimeError):
            self._connection.close()


class Writers:
    """A writer for each thread that asks; one whose connection failed is replaced at the next call."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._local = threading.local()
        self._all: list[Writer] = []

    @contextmanager
    def writer(self) -> Generator[Writer, None, None]:
        """Lend this thread's writer for one transaction: rolled back unless the caller has committed.

        Raises Refused where the data cannot be written, TryAgain where the database was not ready.
        """
        writer: Writer | None = getattr(self._local, "writer", None)
        if writer is None:
            writer = Writer(connect_owner_adbc(self._database))
            self._local.writer = writer
            self._all.append(writer)
        try:
            yield writer
        except adbc_driver_manager.Error as error:
            raise self._sorted(error, writer) from error
        except BaseException:
            self._give_up(writer)
            raise

    def close(self) -> None:
        """Close every thread's connection."""
        while self._all:
            self._all.pop().close()
        self._local = threading.local()

    def _sorted(self, error: adbc_driver_manager.Error, writer: Writer) -> KhueError:
        state = error.sqlstate or ""
        if state.startswith(DATA_FAULTS):
            self._give_up(writer)
            return Unwritable("The data cannot be written", why=_said(error), state=state)
        if state.startswith(TRANSACTION_FAULTS):
            self._give_up(writer)
            todo = "Free or enlarge the disk, then send the same again" if state == DISK_FULL else ""
            return TryAgain("The database could not take the commit", why=_said(error), todo=todo)
        if state.startswith("42"):
            self._give_up(writer)
            return KhueError(
                "A statement of the ledger is wrong", why=str(error), todo="report it: this is a fault of Khuê"
            )
        self._forget(writer)
        return TryAgain("The connection to the database was lost", why=_said(error))

    def _give_up(self, writer: Writer) -> None:
        try:
            writer.rollback()
        except adbc_driver_manager.Error:
            self._forget(writer)

    def _forget(self, writer: Writer) -> None:
        writer.close()
        self._local.writer = None
        if writer in self._all:
            self._all.remove(writer)


class Unwritable(Refused):
    """PostgreSQL refuses the data (NUL in a text, a broken key); `state` is its SQLSTATE."""

    def __init__(self, what: str, *, why: str, state: str) -> None:
        super().__init__(what, why=why)
        self.state = state


def _said(error: adbc_driver_manager.Error) -> str:
    """Return what PostgreSQL said in one line, without the statement that the driver quotes before it."""
    found = re.search(r"\b(?:ERROR|FATAL|PANIC):\s+(.+)", str(error))
    return found[1] if found else " ".join(str(error).rpartition("': ")[2].split())
