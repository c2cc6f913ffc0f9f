"""The city's database for a process: ours in the data folder, or one given by URL.

`lock` is held by who starts or stops the server (`khue serve` holds it all its life); `users` is shared by all
that use it. The last one out stops the server, unless `khue serve` keeps it; one that a killed process left
behind is adopted by the next.
"""

import fcntl
import os
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from psycopg import sql

from khue.contract.errors import Conflict, KhueError, TryAgain
from khue.ledger.cluster import Cluster
from khue.ledger.database import Database, connect
from khue.ledger.embedded import answers, start, stop
from khue.ledger.logins import Administrator
from khue.ledger.migrate import prepare

CITY = "khue"
ANOTHER_STARTS = 600.0  # seconds to wait for a start that another process is making
ANOTHER_SERVE = 5.0  # seconds to wait for the data folder: a command may be stopping its server just now
BEAT = 1.0  # seconds between two looks of `khue serve` at its server


class Server:
    """The embedded server as `khue serve` keeps it: started, restarted when it dies, stopped at the end."""

    def __init__(self, cluster: Cluster, said: Callable[[str], None] = lambda _: None) -> None:
        self.cluster = cluster
        self._said = said
        self._lock = _Lock(cluster.data / "lock")
        self._users = _Lock(cluster.data / "users")
        self._ending = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="khue-postgres", daemon=True)

    def start(self) -> Database:
        """Take the data folder, start or adopt its server, and watch it from now on."""
        prepare_folder(self.cluster.data)
        if not self._lock.take(patience=ANOTHER_SERVE):
            raise Conflict(
                "Another `khue serve` runs on this data folder", where=str(self.cluster.data), todo="stop it first"
            )
        try:
            self._users.share()
            if not answers(self.cluster):
                start(self.cluster)
            database = prepare(city(self.cluster))
        except BaseException:
            self._lock.free()
            self._users.free()
            raise
        self._watcher.start()
        return database

    def stop(self) -> None:
        """Stop watching, and the server too unless a command beside us still uses it."""
        self._ending.set()
        self._watcher.join()
        if self._users.take():
            stop(self.cluster)
        self._users.free()
        self._lock.free()

    def _watch(self) -> None:
        while not self._ending.wait(BEAT):
            try:
                if not answers(self.cluster):
                    self._said("PostgreSQL does not answer; it is started again")
                    start(self.cluster)
            except (KhueError, OSError, psycopg.Error) as error:
                self._said(f"PostgreSQL could not be started, next try in a second: {error}")


@contextmanager
def attach(data: Path, url: str | None = None, settings: Mapping[str, str] | None = None) -> Generator[Database]:
    """Give the city's database: by `url`, or the one in the data folder, which is started if it does not answer.

    Any number of processes may be attached at once; the last one out stops the server.
    """
    with administer(data, url, settings) as administrator:
        yield prepare(administrator)


@contextmanager
def administer(
    data: Path, url: str | None = None, settings: Mapping[str, str] | None = None
) -> Generator[Administrator]:
    """Give the city's database as `attach` does, but untouched: no logins, no tables. For `khue restore`."""
    prepare_folder(data)
    if url is not None:
        yield Administrator(url, data, embedded=False)
        return
    cluster = Cluster(data.absolute(), settings or {})
    users = _Lock(cluster.data / "users")
    users.share()
    try:
        _ensure(cluster)
        yield city(cluster)
    finally:
        _leave(cluster, users)


def city(cluster: Cluster) -> Administrator:
    """Return the administrator of the city's database on a running cluster; an empty one is made if need be."""
    with connect(cluster.address()) as connection:
        exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (CITY,)).fetchone()
        if not exists:
            with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):  # another was quicker
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(CITY)))
    return Administrator(cluster.address(CITY), cluster.data, embedded=True)


def prepare_folder(data: Path) -> None:
    """Make the data folder if it is missing; its parents get the usual modes, it may be entered but not listed."""
    if not data.exists():
        data.mkdir(mode=0o711, parents=True, exist_ok=True)


def _ensure(cluster: Cluster) -> None:
    lock = _Lock(cluster.data / "lock")
    end = time.monotonic() + ANOTHER_STARTS
    while not answers(cluster):
        if lock.take():
            try:
                if not answers(cluster):
                    start(cluster)
            finally:
                lock.free()
        elif time.monotonic() > end:
            raise TryAgain("Another process starts the database and does not end", where=str(cluster.data))
        else:
            time.sleep(0.1)


def _leave(cluster: Cluster, users: "_Lock") -> None:
    lock = _Lock(cluster.data / "lock")
    # Exclusive `users` means that nobody else is in; a busy `lock` means that `khue serve` keeps the server.
    if users.take() and lock.take():
        stop(cluster)
        lock.free()
    users.free()


class _Lock:
    """A flock on a file: the kernel frees it when its holder dies, however it dies."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._handle = -1

    def take(self, patience: float = 0.0) -> bool:
        """Take it alone, or answer false."""
        end = time.monotonic() + patience
        while not self._flock(fcntl.LOCK_EX | fcntl.LOCK_NB):
            if time.monotonic() >= end:
                return False
            time.sleep(0.05)
        return True

    def share(self) -> None:
        """Take it together with others; waits while one holds it alone."""
        self._flock(fcntl.LOCK_SH)

    def free(self) -> None:
        """Give it back."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _flock(self, how: int) -> bool:
        if self._handle < 0:
            self._handle = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, how)
        except BlockingIOError:
            return False
        return True
