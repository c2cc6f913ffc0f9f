"""A PostgreSQL given by URL instead of our own: made ready by its superuser, or by a user who may little."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from khue.contract.errors import Misconfigured
from khue.ledger.cluster import Cluster
from khue.ledger.database import ROLES, connect, connect_owner_adbc, pool, with_parts
from khue.ledger.migrate import migrations
from khue.ledger.server import attach

pytestmark = pytest.mark.both_servers


@pytest.fixture
def given(cluster: Cluster) -> Iterator[str]:
    """The URL of an empty database on a server that somebody else runs."""
    name = f"given_{uuid4().hex[:8]}"
    with connect(cluster.address()) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    yield with_parts(cluster.address(), dbname=name)
    with connect(cluster.address()) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def secrets(folder: Path, cluster: Cluster) -> Path:
    """A data folder that holds the passwords of the server's logins."""
    (folder / "secrets").symlink_to(cluster.data / "secrets")
    return folder


def test_a_given_database_is_made_ready_once_and_found_ready_again(given: str, secrets: Path) -> None:
    with attach(secrets, given) as database:
        for role in ROLES:
            with connect(database.address(role)) as connection:
                assert connection.execute("SELECT current_user").fetchone() == (f"khue_{role}",)
        with connect(database.owner) as owner:
            applied = owner.execute("SELECT number, applied_at FROM khue.migration ORDER BY number").fetchall()
    assert [number for number, _ in applied] == [migration.number for migration in migrations()]
    with attach(secrets, given) as database, connect(database.owner) as owner:
        assert owner.execute("SELECT number, applied_at FROM khue.migration ORDER BY number").fetchall() == applied


def test_logins_of_another_machine_are_not_taken_over(given: str, folder: Path) -> None:
    with (
        pytest.raises(Misconfigured, match=r"Another machine of Khuê made them.*Copy DATA/secrets"),
        attach(folder, given),
    ):
        pass


def test_an_edited_migration_is_refused(given: str, secrets: Path) -> None:
    with attach(secrets, given) as database, connect(database.owner) as owner:
        owner.execute("UPDATE khue.migration SET digest = 'other' WHERE number = 1")
    with pytest.raises(Misconfigured, match="was edited after it was applied"), attach(secrets, given):
        pass


def test_a_database_of_a_newer_version_is_refused(given: str, secrets: Path) -> None:
    with attach(secrets, given) as database, connect(database.owner) as owner:
        owner.execute("INSERT INTO khue.migration VALUES (900, '900_later.sql', 'x')")
    with pytest.raises(Misconfigured, match="newer Khuê"), attach(secrets, given):
        pass


def test_a_user_who_may_not_shut_the_readers_in_is_told_what_to_do(given: str, secrets: Path) -> None:
    name = f"plain_{uuid4().hex[:8]}"
    with connect(given) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN CREATEROLE PASSWORD 'x'".encode())
        connection.execute(f"ALTER DATABASE {connection.info.dbname} OWNER TO {name}".encode())
    try:
        plain = with_parts(given, user=name, password="x")  # noqa: S106
        with pytest.raises(Misconfigured, match=r"Let a superuser run .*roles\.sql"), attach(secrets, plain):
            pass
        sql = Path("src/khue/ledger/sql/roles.sql").read_text()
        with connect(given) as superuser:
            superuser.execute(sql.encode())  # khue_owner was made by the first try
        with attach(secrets, plain) as database, connect(database.owner) as owner:
            assert owner.execute("SELECT count(*) FROM khue.migration").fetchone() == (len(migrations()),)
    finally:
        with connect(given) as connection:
            connection.execute(f"REASSIGN OWNED BY {name} TO postgres".encode())
            connection.execute(f"DROP OWNED BY {name}".encode())
            connection.execute(f"DROP ROLE {name}".encode())


def test_adbc_and_pools_connect_as_their_roles(given: str, secrets: Path) -> None:
    with attach(secrets, given) as database, connect_owner_adbc(database) as owner, owner.cursor() as cursor:
        cursor.execute("SELECT current_user::text")
        assert cursor.fetchone() == ("khue_owner",)


async def _who(database) -> str:
    async with pool(database, "scoped") as readers, readers.connection() as connection:
        row = await (await connection.execute("SELECT current_user")).fetchone()
        assert row is not None
        return row[0]


def test_a_pool_reads_as_its_role(given: str, secrets: Path) -> None:
    with attach(secrets, given) as database:
        assert asyncio.run(_who(database)) == "khue_scoped"


def test_a_wrong_password_is_said_at_once(given: str) -> None:
    with pytest.raises(Misconfigured, match="refuses the login"):
        connect(with_parts(given, password="wrong"))  # noqa: S106


def test_an_old_postgresql_is_refused(given: str, secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("khue.ledger.migrate.OLDEST", 99)
    with pytest.raises(Misconfigured, match="too old"), attach(secrets, given):
        pass
    with pytest.raises(psycopg.errors.UndefinedTable), connect(given) as connection:
        connection.execute("SELECT FROM khue.migration")
