"""The passwords of the database's logins: made once, kept in DATA/secrets with mode 0600."""

import os
import secrets
from pathlib import Path

SUPERUSER = "superuser"


def password(data: Path, login: str) -> str:
    """Return the password of a login, made at the first call; two processes at once get the same one."""
    folder = data / "secrets"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / login
    if not file.exists():
        _make(file)
    return file.read_text(encoding="ascii").strip()


def has_password(data: Path, login: str) -> bool:
    """Return whether the password of a login was made here before."""
    return (data / "secrets" / login).exists()


def _make(file: Path) -> None:
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as handle:
        handle.write(secrets.token_urlsafe(32))
        handle.flush()
        os.fsync(handle.fileno())
    try:
        os.link(draft, file)  # unlike rename, it keeps what another process has made meanwhile
    except FileExistsError:
        pass
    finally:
        draft.unlink()
