"""A database of Khuê as its rooms see it: one address a role, and the connections to it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar
from urllib.parse import quote, urlencode

import adbc_driver_manager
import psycopg
from adbc_driver_postgresql import dbapi  # pyright: ignore[reportMissingTypeStubs]  it ships none
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import AsyncConnectionPool

from khue.contract.errors import Misconfigured, TryAgain

Role = Literal["owner", "all", "scoped", "public"]
ROLES: tuple[Role, ...] = ("owner", "all", "scoped", "public")
PATIENCE = 60.0  # seconds that a connection error is retried: a killed server is back by then
NEVER_MENDS = ("password authentication failed", "no password supplied", "does not exist", "not permitted to log in")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Database:
    """The addresses (URIs with passwords) of the four logins; a process is given only those that it needs."""

    owner: str = field(repr=False)
    all: str = field(repr=False)
    scoped: str = field(repr=False)
    public: str = field(repr=False)

    def address(self, role: Role) -> str:
        """Return the address of one role's login."""
        return {"owner": self.owner, "all": self.all, "scoped": self.scoped, "public": self.public}[role]


def address(parts: Mapping[str, Any]) -> str:
    """Return connection parts (user, password, dbname, host, port, …) as a URI, which both drivers read."""
    rest = dict(parts)
    user, secret, name = (quote(str(rest.pop(part, "") or ""), safe="") for part in ("user", "password", "dbname"))
    login = f"{user}:{secret}@" if secret else f"{user}@"
    return f"postgresql://{login}/{name}?{urlencode(rest, quote_via=quote)}"


def with_parts(uri: str, **changes: str) -> str:
    """Return the address with some parts changed, such as another user or database."""
    return address({**conninfo_to_dict(uri), **changes})


def retrying(connect: Callable[[], T], patience: float = PATIENCE) -> T:
    """Call `connect` until it answers, for `patience` seconds; what waiting cannot mend is raised at once."""
    end = time.monotonic() + patience
    pause = 0.05
    while True:
        try:
            return connect()
        except (psycopg.OperationalError, adbc_driver_manager.OperationalError, adbc_driver_manager.InternalError) as e:
            reason = str(e).strip()
            if any(words in reason for words in NEVER_MENDS):
                raise Misconfigured(
                    "The database refuses the login", why=reason, todo="see docs/server.md, Roles"
                ) from e
            if time.monotonic() >= end:
                raise TryAgain("The database does not answer", why=reason, todo="run `khue doctor`") from e
        time.sleep(pause)
        pause = min(pause * 2, 1.0)


def connect(uri: str, patience: float = PATIENCE) -> psycopg.Connection[tuple[Any, ...]]:
    """Connect by psycopg with autocommit; connection errors are retried."""
    return retrying(lambda: psycopg.connect(uri, autocommit=True, connect_timeout=5), patience)


def connect_owner_adbc(database: Database, patience: float = PATIENCE) -> dbapi.Connection:
    """Connect as the owner by ADBC, the only way that the record is written; connection errors are retried."""
    return retrying(lambda: dbapi.connect(database.owner), patience)  # pyright: ignore[reportUnknownMemberType]


def pool(
    database: Database, role: Role, most: int = 8
) -> AsyncConnectionPool[psycopg.AsyncConnection[tuple[Any, ...]]]:
    """Make a pool of psycopg connections of one role, opened by `async with`.

    A connection that died with its server is found before it is handed out.
    """
    return AsyncConnectionPool(
        database.address(role),
        min_size=1,
        max_size=most,
        open=False,
        timeout=PATIENCE,
        reconnect_timeout=PATIENCE,
        check=AsyncConnectionPool.check_connection,
        name=f"khue_{role}",
    )
