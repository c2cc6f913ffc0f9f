"""What each login may do: the roles of ledger.md 7."""

import psycopg
import pytest

from khue.ledger.database import ROLES, Database, connect

pytestmark = pytest.mark.both_servers

READERS = ("all", "scoped", "public")


@pytest.mark.parametrize("role", ["scoped", "public"])
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT set_config('khue.scopes', '{1,2,3}', true)",
        "SELECT query_to_xml($$SELECT set_config('khue.scopes', '{1}', false)$$, true, true, '')",
        "UPDATE pg_settings SET setting = '{1}' WHERE name = 'khue.scopes'",
        "UPDATE pg_settings SET setting = 'off' WHERE name = 'row_security'",
    ],
)
def test_one_statement_cannot_widen_its_own_scope(database: Database, role: str, statement: str) -> None:
    with connect(database.address(role)) as connection:  # type: ignore[arg-type]
        connection.execute("SET default_transaction_read_only = off")
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.FeatureNotSupported)):
            connection.execute(statement.encode())


@pytest.mark.parametrize("role", ROLES)
def test_no_login_becomes_another(database: Database, role: str) -> None:
    with connect(database.address(role)) as connection:  # type: ignore[arg-type]
        for other in {*ROLES} - {role}:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SET ROLE khue_{other}".encode())
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SET SESSION AUTHORIZATION khue_{other}".encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SET ROLE postgres")


def test_the_public_login_reads_open_and_nothing_else(database: Database) -> None:
    with connect(database.owner) as owner:
        owner.execute("CREATE TABLE state.t (x int); CREATE TABLE history.t (x int); CREATE TABLE identity.t (x int)")
        owner.execute("CREATE VIEW open.t AS SELECT x FROM state.t")
        tables = owner.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
    assert {"khue.migration", "khue.backup", "state.t", "history.t", "identity.t"} <= {name for (name,) in tables}
    with connect(database.public) as public:
        assert public.execute("SELECT count(*) FROM open.t").fetchone() == (0,)
        for (name,) in tables:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                public.execute(f"SELECT FROM {name}".encode())


@pytest.mark.parametrize(
    "secret", ["pg_authid", "pg_statistic", "pg_largeobject", "pg_user_mapping", "pg_file_settings"]
)
def test_the_public_login_cannot_read_secrets_of_the_catalog(database: Database, secret: str) -> None:
    with connect(database.public) as public, pytest.raises(psycopg.errors.InsufficientPrivilege):
        public.execute(f"SELECT * FROM {secret}".encode())


def test_statistics_show_the_public_login_no_value_of_a_closed_table(database: Database) -> None:
    with connect(database.owner) as owner:
        owner.execute("CREATE TABLE state.t (x text)")
        owner.execute("INSERT INTO state.t SELECT 'secret' FROM generate_series(1, 100)")
        owner.execute("ANALYZE state.t")
    with connect(database.public) as public:
        assert public.execute("SELECT count(*) FROM pg_stats WHERE schemaname = 'state'").fetchone() == (0,)


@pytest.mark.parametrize("role", READERS)
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE public.x (a int)",
        "CREATE TABLE open.x (a int)",
        "CREATE TABLE state.x (a int)",
        "CREATE TEMPORARY TABLE x (a int)",
        "CREATE SCHEMA x",
        "INSERT INTO khue.backup (recorded_at, file, bytes, seq, digest) VALUES (now(), '', 0, 0, '')",
        "SELECT lo_create(0)",
        "SELECT pg_read_file('postgresql.conf')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "COPY (SELECT 1) TO '/tmp/x'",
    ],
)
def test_readers_write_nothing(database: Database, role: str, statement: str) -> None:
    with connect(database.address(role)) as connection:  # type: ignore[arg-type]
        connection.execute("SET default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


def test_readers_begin_read_only_and_the_owner_is_no_superuser(database: Database) -> None:
    for role in READERS:
        with connect(database.address(role)) as connection:
            assert connection.execute("SHOW default_transaction_read_only").fetchone() == ("on",)
    with connect(database.owner) as owner:
        found = owner.execute(
            "SELECT rolsuper OR rolcreaterole OR rolbypassrls FROM pg_roles WHERE rolname LIKE 'khue\\_%'"
        ).fetchall()
        assert found == [(False,)] * 4


def test_a_password_is_needed_on_the_socket_too(database: Database) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(database.owner.replace("khue_owner:", "khue_owner:x"))
