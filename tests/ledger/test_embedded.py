"""The embedded server through faults: killed parents and servers, stale files, slow recovery, root, odd places."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from khue.contract.errors import Conflict, Misconfigured, TryAgain
from khue.ledger.cluster import LONGEST_SOCKET, SOCKET, Cluster
from khue.ledger.database import connect
from khue.ledger.embedded import answers, running_server, start, stop
from khue.ledger.server import Server, attach

QUICK = {"shared_buffers": "32MB", "fsync": "off"}
ROOT = os.geteuid() == 0

COMMAND = """
import sys
from pathlib import Path
from khue.ledger.server import attach
from khue.ledger.database import connect
with attach(Path(sys.argv[1]), settings={"shared_buffers": "32MB", "fsync": "off"}) as database:
    with connect(database.owner) as owner:
        print(owner.execute("SELECT pg_postmaster_start_time()").fetchone()[0], flush=True)
    sys.stdin.readline()
"""


def command(data: Path) -> "subprocess.Popen[str]":
    """A command of Khuê that uses the data folder until it is told to end."""
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def pid_of(cluster: Cluster) -> int:
    server = running_server(cluster)
    assert server is not None
    return server.pid


def kill_server(cluster: Cluster) -> int:
    pid = pid_of(cluster)
    os.kill(pid, signal.SIGKILL)
    return pid


@pytest.fixture
def cluster(folder: Path):
    """A cluster that is stopped after the test, whatever happened to it."""
    made = Cluster(folder / "data", QUICK)
    made.data.mkdir(mode=0o711)
    yield made
    stop(made)


def test_a_server_left_by_a_killed_process_is_adopted_and_stopped_by_the_next(cluster: Cluster) -> None:
    with command(cluster.data) as first:
        assert first.stdout is not None
        first.stdout.readline()
        before = pid_of(cluster)
        first.kill()
        first.wait()
        assert pid_of(cluster) == before
        with attach(cluster.data, settings=QUICK) as database, connect(database.owner):
            assert pid_of(cluster) == before
    assert running_server(cluster) is None


def test_a_pid_file_whose_pid_belongs_to_another_program_does_not_stop_the_start(cluster: Cluster) -> None:
    start(cluster)
    kill_server(cluster)
    file = cluster.folder / "postmaster.pid"
    # The other program is of the server's own user: PostgreSQL itself passes over those that it may not signal.
    with subprocess.Popen(["sleep", "60"], user=cluster.folder.stat().st_uid) as other:
        rest = file.read_text().split("\n")[1:]
        file.write_text("\n".join([str(other.pid), *rest]))
        (cluster.socket_folder / f"{SOCKET}.lock").write_text("\n".join([str(other.pid), *rest]))
        start(cluster)
        assert answers(cluster)
        assert other.poll() is None
        other.kill()


def test_serve_starts_a_dead_server_again_and_connections_wait_for_it(cluster: Cluster) -> None:
    said: list[str] = []
    server = Server(cluster, said.append)
    database = server.start()
    try:
        with connect(database.owner) as owner:
            owner.execute("CREATE TABLE state.kept AS SELECT 1 AS x")
        before = kill_server(cluster)
        with connect(database.owner) as owner:
            assert owner.execute("SELECT x FROM state.kept").fetchone() == (1,)
        assert pid_of(cluster) != before
        assert any("started again" in sentence for sentence in said)
    finally:
        server.stop()
    assert running_server(cluster) is None


def test_only_one_serve_runs_on_a_data_folder(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("khue.ledger.server.ANOTHER_SERVE", 0.2)
    server = Server(cluster)
    server.start()
    try:
        with pytest.raises(Conflict, match="Another `khue serve`"):
            Server(cluster).start()
        with attach(cluster.data, settings=QUICK) as database, connect(database.all):
            pass
        assert answers(cluster), "a command beside serve must not stop its server"
    finally:
        server.stop()


def test_serve_that_stops_leaves_the_server_to_a_command_that_still_uses_it(cluster: Cluster) -> None:
    server = Server(cluster)
    server.start()
    with attach(cluster.data, settings=QUICK) as database:
        server.stop()
        with connect(database.owner):
            pass
    assert running_server(cluster) is None


def test_recovery_is_waited_for_as_long_as_it_makes_progress(cluster: Cluster) -> None:
    start(cluster)
    with connect(cluster.address()) as connection:
        connection.execute("CREATE TABLE big (x text)")
        connection.execute("INSERT INTO big SELECT repeat('x', 200) || i FROM generate_series(1, 1200000) i")
        connection.execute("DELETE FROM big WHERE length(x) % 2 = 0")
    kill_server(cluster)
    impatient = Cluster(cluster.data, QUICK, patience=0.5)
    begin = time.monotonic()
    start(impatient)
    assert time.monotonic() - begin > impatient.patience, "recovery was too quick to prove anything"
    with connect(cluster.address()) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM big").fetchone() == (True,)


def test_a_server_that_makes_no_progress_is_given_up_with_a_reason(cluster: Cluster) -> None:
    start(cluster)
    server = psutil.Process(pid_of(cluster))
    server.suspend()
    try:
        with pytest.raises(TryAgain, match="no progress"):
            start(Cluster(cluster.data, QUICK, patience=0.5))
    finally:
        server.resume()


def test_two_commands_at_once_share_one_server_and_the_last_stops_it(cluster: Cluster) -> None:
    with command(cluster.data) as first, command(cluster.data) as second:
        assert first.stdout is not None
        assert second.stdout is not None
        started = {first.stdout.readline(), second.stdout.readline()}
        assert len(started) == 1, started
        assert "" not in started
        first.communicate("\n")
        assert answers(cluster), "the first to leave must not take the server from the second"
        second.communicate("\n")
    assert running_server(cluster) is None


def test_many_threads_that_come_and_go_always_find_a_server(cluster: Cluster) -> None:
    failures: list[BaseException] = []

    def come_and_go() -> None:
        try:
            for _ in range(3):
                with attach(cluster.data, settings=QUICK) as database, connect(database.owner) as owner:
                    owner.execute("SELECT 1")
        except BaseException as error:  # noqa: BLE001  handed to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=come_and_go) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert running_server(cluster) is None


def test_a_killed_initdb_leaves_nothing_in_the_way(cluster: Cluster) -> None:
    half = cluster.data / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    start(cluster)
    assert answers(cluster)
    assert not half.exists()


def test_a_server_that_cannot_start_says_why(cluster: Cluster) -> None:
    with pytest.raises(Misconfigured, match="no_such_setting"):
        start(Cluster(cluster.data, {**QUICK, "no_such_setting": "1"}))


def test_another_major_version_of_the_cluster_is_refused_with_what_to_do(cluster: Cluster) -> None:
    start(cluster)
    stop(cluster)
    (cluster.folder / "PG_VERSION").write_text("17\n")
    with pytest.raises(Misconfigured, match=r"made by PostgreSQL 17.*restore the backup"):
        start(cluster)


def test_lost_passwords_are_named(cluster: Cluster) -> None:
    start(cluster)
    shutil.move(cluster.data / "secrets", cluster.data / "elsewhere")
    with pytest.raises(Misconfigured, match="does not know our password"):
        answers(cluster)
    shutil.rmtree(cluster.data / "secrets")
    shutil.move(cluster.data / "elsewhere", cluster.data / "secrets")


def test_a_lost_password_of_a_reader_is_set_anew_on_our_own_server(cluster: Cluster) -> None:
    with attach(cluster.data, settings=QUICK):
        (cluster.data / "secrets" / "khue_public").unlink()
        with attach(cluster.data, settings=QUICK) as database, connect(database.public) as public:
            assert public.execute("SELECT current_user").fetchone() == ("khue_public",)


def test_secrets_are_for_their_owner_alone(cluster: Cluster) -> None:
    with attach(cluster.data, settings=QUICK):
        files = list((cluster.data / "secrets").iterdir())
        assert {file.name for file in files} == {"superuser", "khue_owner", "khue_all", "khue_scoped", "khue_public"}
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_a_data_folder_with_a_path_too_long_for_a_socket_works(folder: Path) -> None:
    deep = folder / ("d" * 60) / ("e" * 60) / "data"
    cluster = Cluster(deep, QUICK)
    assert len(str(cluster.socket_folder / SOCKET)) <= LONGEST_SOCKET
    with attach(deep, settings=QUICK) as database, connect(database.owner):
        pass
    assert running_server(cluster) is None
    shutil.rmtree(cluster.socket_folder)


def test_a_socket_folder_that_somebody_else_made_is_refused(folder: Path) -> None:
    cluster = Cluster(folder / ("d" * 60) / ("e" * 60) / "data", QUICK)
    cluster.socket_folder.symlink_to(folder)
    try:
        with pytest.raises(Misconfigured, match="belongs to somebody else"):
            start(cluster)
    finally:
        cluster.socket_folder.unlink()


@pytest.mark.skipif(not ROOT, reason="only root starts the server as another user")
def test_as_root_the_server_runs_as_an_unprivileged_user(cluster: Cluster) -> None:
    start(cluster)
    assert psutil.Process(pid_of(cluster)).uids().effective != 0


@pytest.mark.skipif(not ROOT, reason="only root starts the server as another user")
def test_as_root_a_closed_parent_is_named_and_left_as_it_is(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with ExitStack() as stack, pytest.raises(Misconfigured, match=rf"{closed}: .*chmod o\+x {closed}`"):
        stack.enter_context(attach(closed / "data", settings=QUICK))
    assert closed.stat().st_mode & 0o777 == 0o700
