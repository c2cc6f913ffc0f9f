"""A backup is whole, consistent and live; a restore gives back what was, or refuses with the reason."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from khue.app.catalogue import read_catalogue
from khue.contract.errors import Conflict, KhueError, Refused
from khue.ledger.archive_file import read_manifest
from khue.ledger.backup import backup
from khue.ledger.cluster import Cluster
from khue.ledger.commit import Ledger
from khue.ledger.database import Database, connect
from khue.ledger.install import install
from khue.ledger.logins import Administrator, database_of
from khue.ledger.restore import restore
from khue.ledger.server import administer, attach

NOW = datetime(2026, 11, 22, 8, 5, tzinfo=UTC)


def clock() -> datetime:
    return NOW


# Tables as contracts make them: partitions, row security, a view that the public reads, odd names and values.
CITY = """
CREATE TABLE state."mưa lớn" (_id text PRIMARY KEY, mm double precision, _scope int, _extra jsonb, _flags text[]);
ALTER TABLE state."mưa lớn" ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON state."mưa lớn" FOR SELECT TO khue_scoped
    USING (_scope = ANY ((nullif(current_setting('khue.scopes', true), '')::int[])));
GRANT SELECT ON state."mưa lớn" TO khue_scoped;
CREATE TABLE history.mua (_id text, mm double precision, _recorded_at timestamptz) PARTITION BY RANGE (_recorded_at);
CREATE TABLE history."mua@202611" PARTITION OF history.mua FOR VALUES FROM ('2026-11-01') TO ('2026-12-01');
CREATE TABLE history."mua@other" PARTITION OF history.mua DEFAULT;
CREATE INDEX ON history.mua USING brin (_recorded_at);
CREATE VIEW open.mua WITH (security_barrier) AS SELECT _id, mm FROM state."mưa lớn";
INSERT INTO state."mưa lớn" SELECT 'Trạm ' || i, i / 3.0, i % 3, jsonb_build_object('a', i), ARRAY['x', NULL]
    FROM generate_series(1, 1000) i;
INSERT INTO history.mua SELECT 'a', 'NaN', timestamptz '2026-10-01' + i * interval '1 hour'
    FROM generate_series(1, 2000) i;
INSERT INTO khue.raw VALUES (7, 1, decode('00ff', 'hex'));
UPDATE khue.head SET seq = 7, hash = '\\x0102', recorded_at = '2026-11-22 08:00Z';
"""


@pytest.fixture
def filled(database: Database) -> Database:
    with connect(database.owner) as owner:
        owner.execute(CITY.encode())
    return database


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[Administrator]:
    name = f"restored_{uuid4().hex[:8]}"
    with connect(cluster.address()) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    yield Administrator(cluster.address(name), cluster.data, embedded=True)
    with connect(cluster.address()) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def counts(uri: str) -> dict[str, int]:
    with connect(uri) as connection:
        tables = connection.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
            "WHERE schemaname IN ('khue', 'state', 'history', 'identity')"
        ).fetchall()
        found = [connection.execute(f"SELECT count(*) FROM {name}".encode()).fetchone() for (name,) in tables]
        return {name: row[0] for (name,), row in zip(tables, found, strict=True) if row}


@pytest.mark.both_servers
def test_a_restored_database_is_what_the_backup_saw(filled: Database, empty: Administrator, folder: Path) -> None:
    before = counts(filled.owner)
    made = backup(filled, folder / "city.khue", clock)
    assert (made.seq, made.rows) == (7, sum(before.values()) - before["history.mua"])  # its partitions hold them
    restored = restore(made.file, empty)
    assert (restored.seq, restored.hash, restored.rows) == (7, "0102", made.rows)
    again = database_of(empty)
    assert counts(again.owner) == before
    digest = """SELECT md5(string_agg(t::text, ',' ORDER BY _id)) FROM state."mưa lớn" t"""
    with connect(again.owner) as owner, connect(filled.owner) as old:
        assert owner.execute(digest.encode()).fetchone() == old.execute(digest.encode()).fetchone()


@pytest.mark.both_servers
def test_roles_and_row_security_come_back_with_the_rows(filled: Database, empty: Administrator, folder: Path) -> None:
    restore(backup(filled, folder / "city.khue", clock).file, empty)
    again = database_of(empty)
    with connect(again.public) as public:
        assert public.execute("SELECT count(*) FROM open.mua").fetchone() == (1000,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            public.execute("SELECT FROM khue.raw")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            public.execute("SELECT set_config('khue.scopes', '{1}', true)")
    with connect(again.scoped) as scoped, scoped.transaction():
        scoped.execute("SET LOCAL khue.scopes = '{1}'")
        assert scoped.execute("""SELECT count(*) FROM state."mưa lớn" """).fetchone() == (334,)
    with connect(again.owner) as owner:
        added = owner.execute(
            "INSERT INTO khue.backup (recorded_at, file, bytes, seq, digest) VALUES (now(), '', 0, 0, '') RETURNING id"
        )
        assert added.fetchone() == (1,)
        owner.execute("CREATE TABLE khue.later (x int)")
    with connect(again.all) as reader:
        reader.execute("SELECT FROM khue.later")


def test_a_backup_of_the_embedded_18_is_restored_on_a_given_15(
    filled: Database, servers: Callable[[str], Cluster], folder: Path
) -> None:
    file = backup(filled, folder / "city.khue", clock).file
    older = servers("15")
    with connect(older.address()) as connection:
        connection.execute("CREATE DATABASE older")
    administrator = Administrator(older.address("older"), older.data, embedded=False)
    restore(file, administrator)
    assert counts(database_of(administrator).owner) == counts(filled.owner) | {"khue.backup": 0}


STRUCTURE = (
    "SELECT oid::regclass::text, relkind::text, relrowsecurity, relacl::text, reloptions::text FROM pg_class "
    "WHERE relnamespace::regnamespace::text IN ('khue', 'state', 'history', 'open', 'identity') ORDER BY 1",
    "SELECT polname, polrelid::regclass::text, polroles::regrole[]::text, pg_get_expr(polqual, polrelid) "
    "FROM pg_policy ORDER BY 1, 2",
    "SELECT indexdef FROM pg_indexes WHERE schemaname IN ('khue', 'state', 'history') ORDER BY 1",
    "SELECT pg_get_viewdef(oid) FROM pg_class WHERE relnamespace = 'open'::regnamespace ORDER BY 1",
    "SELECT defaclobjtype::text, defaclnamespace::regnamespace::text, defaclacl::text FROM pg_default_acl "
    "ORDER BY 1, 2",
    "SELECT nspname, nspacl::text FROM pg_namespace WHERE nspname NOT LIKE 'pg%temp%' ORDER BY 1",
)


def test_structure_policies_and_grants_of_every_shipped_type_come_back_exactly(
    database: Database, empty: Administrator, folder: Path
) -> None:
    ledger = Ledger(database, clock)
    install(ledger, read_catalogue("").contracts.values())
    ledger.close()
    restore(backup(database, folder / "city.khue", clock).file, empty)
    with connect(database.owner) as old, connect(database_of(empty).owner) as new:
        for query in STRUCTURE:
            assert new.execute(query.encode()).fetchall() == old.execute(query.encode()).fetchall()


def test_a_backup_is_one_moment_while_writers_go_on(filled: Database, empty: Administrator, folder: Path) -> None:
    with connect(filled.owner) as writer, connect(filled.owner) as open_writer:
        open_writer.execute("BEGIN")
        open_writer.execute("UPDATE khue.head SET seq = 8")
        open_writer.execute("INSERT INTO khue.raw VALUES (8, 1, '')")
        writer.execute("INSERT INTO history.mua VALUES ('late', 1, now())")
        made = backup(filled, folder / "city.khue", clock)
        open_writer.execute("COMMIT")
    restore(made.file, empty)
    with connect(database_of(empty).owner) as owner:
        assert owner.execute("SELECT max(seq) FROM khue.raw").fetchone() == (7,)
        assert owner.execute("SELECT count(*) FROM history.mua WHERE _id = 'late'").fetchone() == (1,)


def test_a_backup_is_recorded_so_that_doctor_can_say_the_last(filled: Database, folder: Path) -> None:
    made = backup(filled, folder / "city.khue", clock)
    with connect(filled.owner) as owner:
        found = owner.execute("SELECT recorded_at, file, bytes, seq, digest FROM khue.backup").fetchall()
    assert found == [(NOW, str(made.file), made.file.stat().st_size, 7, made.digest)]


def test_a_file_that_is_there_is_never_overwritten(filled: Database, folder: Path) -> None:
    file = folder / "city.khue"
    file.write_text("precious")
    with pytest.raises(Refused, match="there already"):
        backup(filled, file, clock)
    assert file.read_text() == "precious"


def test_a_backup_that_fails_leaves_no_file(filled: Database, folder: Path) -> None:
    with pytest.raises(KhueError, match="could not be written"):
        backup(filled, folder / "no such folder" / "city.khue", clock)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.7])
def test_a_file_that_was_cut_off_is_refused_before_anything_is_touched(
    filled: Database, empty: Administrator, folder: Path, kept: float
) -> None:
    file = backup(filled, folder / "city.khue", clock).file
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * kept)])
    with pytest.raises(Refused, match=r"cut off|not finished"):
        restore(file, empty)
    with connect(empty.uri) as connection:
        assert connection.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'khue'").fetchone() == (0,)


def test_one_changed_byte_anywhere_is_found(filled: Database, folder: Path) -> None:
    file = backup(filled, folder / "city.khue", clock).file
    whole = file.read_bytes()
    read_manifest(file)
    for part in range(1, 12):
        position = whole.index(b"\x28\xb5\x2f\xfd", len(whole) * part // 16) + 9  # inside some zstd member
        file.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        with pytest.raises(Refused, match="changed"):
            read_manifest(file)


def test_what_is_no_backup_is_refused_with_the_reason(folder: Path) -> None:
    with pytest.raises(Refused, match="no such backup"):
        read_manifest(folder / "missing")
    (folder / "text").write_text("trời mưa" * 1000)
    with pytest.raises(Refused, match="no backup"):
        read_manifest(folder / "text")


def test_a_backup_is_never_restored_over_a_city(filled: Database, administrator: Administrator, folder: Path) -> None:
    file = backup(filled, folder / "city.khue", clock).file
    with pytest.raises(Conflict, match=r"empty database only.*khue"):
        restore(file, administrator)


def test_a_backup_is_restored_into_an_empty_data_folder(filled: Database, folder: Path) -> None:
    file = backup(filled, folder / "city.khue", clock).file
    settings = {"shared_buffers": "32MB", "fsync": "off"}
    with administer(folder / "data", settings=settings) as administrator:
        restore(file, administrator)
    with attach(folder / "data", settings=settings) as database:
        assert counts(database.owner) == counts(filled.owner) | {"khue.backup": 0}
