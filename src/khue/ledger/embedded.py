"""The embedded PostgreSQL, running: started, waited for and stopped by our own rules.

Alive means "answers SELECT 1": a pid file proves nothing, since a pid may have been given to another process.
"""

import subprocess
import time
from pathlib import Path

import psutil
import psycopg

from khue.contract.errors import KhueError, Misconfigured, TryAgain
from khue.ledger.account import Account, server_account
from khue.ledger.cluster import SOCKET, Cluster, log_size, log_tail, make

STILL_ENDING = ("pre-existing shared memory block", "is another postmaster", "is another postgres")
NO_ROOM = "No space left on device"
NO_PROCESS = 2**31 - 1  # above any pid that Linux or macOS gives out

# The servers that this very process started, so that the kernel's last word of each is heard (no zombie stays).
_children: "dict[int, subprocess.Popen[bytes]]" = {}


def answers(cluster: Cluster) -> bool:
    """Return whether the server answers a query now; a password that it refuses is an error of its own."""
    if not (cluster.socket_folder / SOCKET).exists():
        return False
    try:
        with psycopg.connect(cluster.address(), autocommit=True, connect_timeout=5) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise Misconfigured(
                "The server in the data folder does not know our password",
                where=str(cluster.data / "secrets"),
                why="the folder `secrets` was lost or changed",
                todo="put it back from a copy, or restore a backup into an empty folder",
            ) from error
        return False


def start(cluster: Cluster) -> None:
    """Start the server (made first, if the folder is empty) or wait for one that is starting.

    Only the holder of DATA/lock calls it. Recovery may take as long as it needs while it makes progress.
    """
    account = server_account(cluster.folder)
    make(cluster, account)
    process: subprocess.Popen[bytes] | None = None
    begin = log_size(cluster)
    if running_server(cluster) is None:
        process = _launch(cluster, account)
    watch = _Progress(cluster)
    while not answers(cluster):
        if process and process.poll() is not None:
            process = _again(cluster, account, begin)
        elif process is None and running_server(cluster) is None:
            process = _launch(cluster, account)
        watch.require()
        time.sleep(0.05)


def stop(cluster: Cluster) -> None:
    """Stop the server and wait until it is gone: sessions are ended, what is committed is on disk."""
    server = running_server(cluster)
    if server is None:
        return
    account = server_account(cluster.folder)
    command = [str(cluster.programs / "pg_ctl"), "stop", "-D", str(cluster.folder), "-m", "fast", "-W"]
    account.run(command, cluster.log)
    watch = _Progress(cluster)
    while server.is_running() and server.status() != psutil.STATUS_ZOMBIE:
        watch.require()
        time.sleep(0.02)
    _bury()


def running_server(cluster: Cluster) -> psutil.Process | None:
    """Return the live postmaster of this very cluster, whatever the pid file says."""
    try:
        first = (cluster.folder / "postmaster.pid").read_text(encoding="ascii", errors="replace").split("\n", 1)[0]
        process = psutil.Process(int(first))
        at_home = Path(process.cwd()).resolve() == cluster.folder.resolve()
        alive = process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, psutil.Error):
        return None  # no file, no such process, or one of another user, who cannot run our cluster
    return process if at_home and alive and "postgres" in process.name() else None


class _Progress:
    """Watches a server that does not answer yet: as long as it writes its log or uses time, it is waited for."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._seen: tuple[int, float] = (-1, -1.0)
        self._end = 0.0

    def require(self) -> None:
        """Raise if nothing has changed for the cluster's patience."""
        seen = (log_size(self._cluster), _time_used(self._cluster))
        now = time.monotonic()
        if seen != self._seen:
            self._seen, self._end = seen, now + self._cluster.patience
        elif now > self._end:
            raise TryAgain("PostgreSQL makes no progress", where=str(self._cluster.log), why=log_tail(self._cluster))


def _time_used(cluster: Cluster) -> float:
    server = running_server(cluster)
    used = 0.0
    for process in [server, *server.children()] if server else []:
        try:
            times = process.cpu_times()
            used += times.user + times.system
        except psutil.Error:
            continue
    return used


def _launch(cluster: Cluster, account: Account) -> "subprocess.Popen[bytes]":
    _bury()
    _disarm(cluster)
    process = account.run([str(cluster.programs / "postgres"), "-D", str(cluster.folder)], cluster.log, wait=False)
    _children[process.pid] = process
    return process


def _bury() -> None:
    for pid in [pid for pid, child in _children.items() if child.poll() is not None]:
        del _children[pid]


def _again(cluster: Cluster, account: Account, begin: int) -> "subprocess.Popen[bytes]":
    with cluster.log.open("rb") as log:
        log.seek(begin)
        said = log.read().decode(errors="replace")
    if not any(words in said[-2000:] for words in STILL_ENDING):
        raise _cannot_start(cluster, said)
    time.sleep(0.2)  # the killed server's sessions notice its death and end by themselves
    return _launch(cluster, account)


def _cannot_start(cluster: Cluster, said: str) -> KhueError:
    if NO_ROOM in said:
        todo = "Free or enlarge the disk, then run the same again: nothing committed is lost"
        return TryAgain("The disk is full: PostgreSQL does not start", where=str(cluster.data), why=NO_ROOM, todo=todo)
    return Misconfigured("PostgreSQL does not start", where=str(cluster.log), why=log_tail(cluster))


def _disarm(cluster: Cluster) -> None:
    """Free the cluster from a pid file whose pid now belongs to another program.

    Only the pid is replaced: the rest of the file is how PostgreSQL knows that sessions of a killed server still
    write, and waits for them. Nobody else can start this cluster meanwhile, since we hold DATA/lock.
    """
    (cluster.socket_folder / f"{SOCKET}.lock").unlink(missing_ok=True)
    file = cluster.folder / "postmaster.pid"
    if file.exists():
        rest = file.read_text(encoding="ascii", errors="replace").split("\n")[1:]
        file.write_text("\n".join([str(NO_PROCESS), *rest]), encoding="ascii")
