"""One embedded cluster on disk: where its parts lie, and how they are made.

Layout of DATA: `postgres/` the cluster, `postgres.log` what the server says, `socket/` its Unix socket,
`secrets/` passwords, `lock` held by whoever may start or stop the server, `users` held by all that use it.
"""

import hashlib
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from khue.contract.errors import Misconfigured
from khue.ledger.account import Account, require_entry
from khue.ledger.database import address
from khue.ledger.passwords import SUPERUSER, password
from khue.ledger.programs import embedded_programs
from khue.ledger.tuning import ACCESS, configuration

SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET = 107  # sun_path of unix(7) holds 108 bytes with the closing zero
PATIENCE = 60.0  # seconds without any progress before a starting server is given up
ADMINISTRATOR = "postgres"
BUILTIN_LOCALES = 17  # the first major version that brings locales of its own


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster on disk and how to run it. `settings` win over ours; `programs` is a folder of PostgreSQL ≥ 15."""

    data: Path
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    programs: Path = field(default_factory=embedded_programs)
    patience: float = PATIENCE

    @property
    def folder(self) -> Path:
        """Return the cluster's own folder."""
        return self.data.absolute() / "postgres"

    @property
    def log(self) -> Path:
        """Return the file that holds what the server says."""
        return self.data.absolute() / "postgres.log"

    @property
    def socket_folder(self) -> Path:
        """Return DATA/socket, or a short folder in /tmp named by DATA's hash where that path is too long."""
        near = self.data.resolve() / "socket"
        if len(str(near / SOCKET).encode()) <= LONGEST_SOCKET:
            return near
        return Path("/tmp") / f"khue-{hashlib.sha256(str(near).encode()).hexdigest()[:16]}"  # noqa: S108  checked when made

    def address(self, database: str = "postgres") -> str:
        """Return the administrator's address of a database of this cluster."""
        secret = password(self.data, SUPERUSER)
        host = str(self.socket_folder)
        return address({"user": ADMINISTRATOR, "password": secret, "dbname": database, "host": host, "port": 5432})


def make(cluster: Cluster, account: Account) -> None:
    """Make what is missing of the cluster and write its settings; refuse a place where the server cannot run."""
    _require_place(cluster, account)
    _initialise(cluster, account)
    _make_socket_folder(cluster, account)
    _configure(cluster, account)


def log_tail(cluster: Cluster, lines: int = 5) -> str:
    """Return the last lines of the server's log, for an error's reason."""
    if not cluster.log.exists():
        return ""
    with cluster.log.open("rb") as log:
        log.seek(max(0, log_size(cluster) - 4096))
        return " | ".join(log.read().decode(errors="replace").splitlines()[-lines:])


def log_size(cluster: Cluster) -> int:
    """Return the bytes of the server's log."""
    return cluster.log.stat().st_size if cluster.log.exists() else 0


def _require_place(cluster: Cluster, account: Account) -> None:
    require_entry(account, cluster.programs, "The folder of PostgreSQL's programs")
    if not cluster.data.exists():
        for parent in reversed(cluster.data.resolve().parents):
            parent.mkdir(mode=0o755, exist_ok=True)
        cluster.data.mkdir(exist_ok=True)
        cluster.data.chmod(0o711)
    require_entry(account, cluster.data, "The data folder")


def _initialise(cluster: Cluster, account: Account) -> None:
    version = cluster.folder / "PG_VERSION"
    ours = _major(cluster.programs)
    if version.exists():
        theirs = version.read_text(encoding="ascii").strip()
        if theirs != ours:
            raise Misconfigured(
                f"The data folder was made by PostgreSQL {theirs}, this Khuê brings {ours}",
                where=str(cluster.folder),
                todo="back it up with the older Khuê, and restore the backup into an empty folder",
            )
        return
    draft = cluster.folder.with_name(
        "postgres.new"
    )  # renamed when whole, so that a killed initdb leaves no half cluster
    _empty(draft)
    account.own(draft)
    secret = draft.with_suffix(".secret")
    secret.touch(mode=0o600)
    secret.write_text(password(cluster.data, SUPERUSER), encoding="ascii")
    account.own(secret)
    command = [str(cluster.programs / "initdb"), "-D", str(draft), "-U", ADMINISTRATOR, "--encoding=UTF8"]
    command += ["--auth=scram-sha-256", f"--pwfile={secret}", "--lc-messages=C", *_locale(ours)]
    failed = account.run(command, cluster.log).returncode != 0
    secret.unlink()
    if failed:
        raise Misconfigured("The database could not be made", where=str(cluster.data), why=log_tail(cluster))
    draft.rename(cluster.folder)


def _locale(major: str) -> list[str]:
    # Order by code point on every machine; letters with diacritics are known as letters.
    if int(major) >= BUILTIN_LOCALES:
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=C.UTF-8", "--lc-collate=C"]


def _major(programs: Path) -> str:
    said = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    return said.stdout.split()[2].split(".")[0]


def _make_socket_folder(cluster: Cluster, account: Account) -> None:
    folder = cluster.socket_folder
    folder.mkdir(mode=0o755, exist_ok=True)
    if account.switch and folder.stat().st_uid == 0:
        account.own(folder)
    # /tmp is open to all: a folder that somebody else made there could answer in our server's name.
    if folder.is_symlink() or folder.stat().st_uid != account.uid:
        raise Misconfigured("The folder of the database's socket belongs to somebody else", where=str(folder))


def _configure(cluster: Cluster, account: Account) -> None:
    texts = {"postgresql.conf": configuration(cluster.socket_folder, cluster.settings), "pg_hba.conf": ACCESS}
    for name, text in texts.items():
        draft = cluster.folder / f"{name}.new"
        draft.write_text(text, encoding="utf-8")
        draft.chmod(0o600)
        account.own(draft)
        draft.replace(cluster.folder / name)


def _empty(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700)
