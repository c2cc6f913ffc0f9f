"""The four logins of Khuê on a server: made if missing, shut in, and proven to work.

Nobody reaches one of them by SET ROLE: none is a member of another.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from khue.contract.errors import Misconfigured
from khue.ledger.database import ROLES, Database, Role, connect, with_parts
from khue.ledger.named_sql import named
from khue.ledger.passwords import has_password, password

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Administrator:
    """Who may make logins: an address of the city's database, and whether the server is our own."""

    uri: str = field(repr=False)
    data: Path
    embedded: bool


def login(role: Role) -> str:
    """Return the name of a role's login."""
    return f"khue_{role}"


def database_of(administrator: Administrator) -> Database:
    """Return the addresses of the four logins, whose passwords are made here if they are new."""

    def uri(role: Role) -> str:
        secret = password(administrator.data, login(role))
        return with_parts(administrator.uri, user=login(role), password=secret)

    return Database(owner=uri("owner"), all=uri("all"), scoped=uri("scoped"), public=uri("public"))


def make_logins(connection: Connection, administrator: Administrator) -> None:
    """Create the logins that are missing; readers begin every transaction read-only."""
    known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'khue%'")}
    missing: list[Role] = [role for role in ROLES if login(role) not in known]
    present: list[Role] = [role for role in ROLES if login(role) in known]
    _require_passwords(administrator, present)
    for role in missing:
        try:
            _create(connection, role, password(administrator.data, login(role)))
        except psycopg.errors.InsufficientPrivilege as error:
            raise Misconfigured(
                f"The login {login(role)} is missing and may not be made",
                why=str(error).strip(),
                todo=f"let the server's administrator run CREATE ROLE {login(role)} LOGIN PASSWORD '…' for each of "
                "khue_owner, khue_all, khue_scoped, khue_public, and put the passwords into DATA/secrets",
            ) from error


def secure(connection: Connection) -> None:
    """Shut the logins in: who may connect and make tables, and what PUBLIC loses in this database.

    ACLs of a database do not travel with a template, so this is said for each database.
    """
    # A user who is no superuser may not revoke; what a superuser has revoked for him is looked for below.
    with suppress(psycopg.errors.InsufficientPrivilege):
        connection.execute(named("roles"))
    name = sql.Identifier(connection.info.dbname)
    readers = sql.SQL(", ").join(sql.Identifier(login(role)) for role in ROLES if role != "owner")
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    connection.execute(sql.SQL("GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {} TO khue_owner").format(name))
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, readers))
    with suppress(psycopg.errors.InsufficientPrivilege):  # then `khue doctor` sees its own sessions only
        connection.execute("GRANT pg_read_all_stats TO khue_owner, khue_all")
    if not is_secure(connection):
        raise Misconfigured(
            "The readers' logins could widen their own scope",
            why="set_config() may be executed by everyone, and the given user may not revoke that",
            todo="let a superuser run src/khue/ledger/sql/roles.sql in this database",
        )


def is_secure(connection: Connection) -> bool:
    """Return whether the scoped and the public login are shut in, and may connect."""
    row = connection.execute(named("is_secure")).fetchone()
    return bool(row and row[0])


def prove_logins(connection: Connection, administrator: Administrator) -> None:
    """Log in as each; on our own server a password that was lost is set anew, on another it is refused."""
    database = database_of(administrator)
    for role in ROLES:
        try:
            connect(database.address(role)).close()
        except Misconfigured:
            if not administrator.embedded:
                raise
            _set_password(connection, role, password(administrator.data, login(role)))


def _require_passwords(administrator: Administrator, known: Sequence[Role]) -> None:
    lost = [login(role) for role in known if not has_password(administrator.data, login(role))]
    if lost and not administrator.embedded:
        raise Misconfigured(
            f"The server knows {', '.join(lost)}, but their passwords are not in {administrator.data / 'secrets'}",
            why="another machine of Khuê made them, and setting them anew would lock it out",
            todo="copy DATA/secrets from the machine that made them, or drop these logins",
        )


def _create(connection: Connection, role: Role, secret: str) -> None:
    name = sql.Identifier(login(role))
    verifier = sql.Literal(_verifier(connection, role, secret))
    connection.execute(
        sql.SQL(
            "CREATE ROLE {} LOGIN PASSWORD {} NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
        ).format(name, verifier)
    )
    if role != "owner":
        connection.execute(sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(name))


def _set_password(connection: Connection, role: Role, secret: str) -> None:
    verifier = sql.Literal(_verifier(connection, role, secret))
    connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(login(role)), verifier))


def _verifier(connection: Connection, role: Role, secret: str) -> str:
    # Hashed here, so that no server log ever holds the password.
    hashed = connection.pgconn.encrypt_password(secret.encode(), login(role).encode(), b"scram-sha-256")
    return hashed.decode()
