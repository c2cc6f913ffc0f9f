"""The account that the embedded server runs as: PostgreSQL refuses to run as root."""

import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from khue.contract.errors import Misconfigured

PREFERRED = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the machine; `switch` says that its processes must be started as it (we are root)."""

    uid: int
    gid: int
    name: str
    switch: bool

    def own(self, path: Path) -> None:
        """Give a file or folder of the server to the account."""
        if self.switch:
            os.chown(path, self.uid, self.gid)

    def run(self, command: list[str], log: Path, *, wait: bool = True) -> "subprocess.Popen[bytes]":
        """Start a program as the account, in a session of its own so that Ctrl-C reaches Khuê alone."""
        with log.open("ab") as output:
            process = subprocess.Popen(  # noqa: S603  the programs are the wheel's, the arguments ours
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                cwd="/",
                user=self.uid if self.switch else None,
                group=self.gid if self.switch else None,
                extra_groups=[] if self.switch else None,
            )
        if wait:
            process.wait()
        return process


def server_account(cluster: Path) -> Account:
    """Return who runs the server on `cluster`: ourselves, or as root the owner of the cluster, else `postgres`."""
    uid = os.geteuid()
    if uid != 0:
        return Account(uid, os.getegid(), str(uid), switch=False)
    if cluster.is_dir() and (owner := cluster.stat().st_uid) != 0:
        entry = pwd.getpwuid(owner)
        return Account(entry.pw_uid, entry.pw_gid, entry.pw_name, switch=True)
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in PREFERRED:
        if name in known:
            return Account(known[name].pw_uid, known[name].pw_gid, name, switch=True)
    raise Misconfigured("No unprivileged account for PostgreSQL", why="root may not run it", todo="add a user postgres")


def require_entry(account: Account, path: Path, what: str) -> None:
    """Refuse if the account cannot enter `path` or one of its parents; no mode is ever changed here."""
    if not account.switch:
        return
    folder = path.resolve()
    for place in (*reversed(folder.parents), folder):
        if place.exists() and not _may_enter(account, place.stat()):
            raise Misconfigured(
                f"{what} {folder} lies where the user {account.name} cannot enter",
                where=str(place),
                why=f"as root the server runs as {account.name}, and {place} is closed to it",
                todo=f"choose a folder such as /var/lib/khue, or run `chmod o+x {place}` yourself",
            )


def _may_enter(account: Account, status: os.stat_result) -> bool:
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)
