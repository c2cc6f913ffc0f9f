"""The embedded server's settings: ours, written at every start."""

from collections.abc import Mapping
from pathlib import Path

import psutil

MEGABYTE = 1024 * 1024

# hot: nothing listens on TCP, one log for start and recovery, no JIT (its compile costs more than our queries),
# and a session that forgets its transaction cannot hold the ledger's lock for more than ten seconds.
FIXED: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0777",
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "idle_in_transaction_session_timeout": "10s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "logging_collector": "off",
    "log_startup_progress_interval": "1s",
    "log_line_prefix": "%m [%p] ",
}

TEXT = """# Written by Khuê at every start; put your own settings into local.conf beside this file.
{settings}
include_if_exists = 'local.conf'
"""

ACCESS = "local all all scram-sha-256\n"


def shared_buffers() -> str:
    """Return a quarter of the machine's memory, at most 2 GB."""
    return f"{min(psutil.virtual_memory().total // 4 // MEGABYTE, 2048)}MB"


def shared_memory(place: Path = Path("/dev/shm")) -> Mapping[str, str]:  # noqa: S108  Linux' own, not a folder of ours
    """Return the setting for a machine whose shared memory is closed to the server's user (some containers)."""
    closed = place.is_dir() and not place.stat().st_mode & 0o002
    return {"dynamic_shared_memory_type": "mmap"} if closed else {}


def configuration(socket_folder: Path, changes: Mapping[str, str]) -> str:
    """Return the text of postgresql.conf; `changes` win over ours."""
    places = {"unix_socket_directories": str(socket_folder)}
    settings = {**FIXED, **shared_memory(), "shared_buffers": shared_buffers(), **places, **changes}
    lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in settings.items()]
    return TEXT.format(settings="\n".join(lines))
