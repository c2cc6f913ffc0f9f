"""Files that were uploaded and wait for a confirmation: named by the digest of their bytes, forgotten after an hour."""

import re
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO

from khue.contract.errors import Refused

KEPT = timedelta(hours=1)
CHUNK = 1024 * 1024
_DIGEST = re.compile(r"[0-9a-f]{64}")


def place_of(folder: Path, digest: str) -> Path:
    """Return where the file of a digest lies; Refused where the text is no digest."""
    if not _DIGEST.fullmatch(digest):
        raise Refused("Tệp không đúng với tệp đã xem trước", todo="Nạp lại tệp")
    return folder / digest


def keep(folder: Path, content: BinaryIO) -> str:
    """Write a file's bytes into the folder and return their sha256."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = sha256()
    content.seek(0)
    with NamedTemporaryFile(dir=folder, delete=False) as part:
        while chunk := content.read(CHUNK):
            digest.update(chunk)
            part.write(chunk)
    Path(part.name).replace(folder / digest.hexdigest())
    return digest.hexdigest()


def forget_old(folder: Path, now: datetime) -> None:
    """Remove the files that nobody confirmed within the hour."""
    if not folder.is_dir():
        return
    for file in folder.iterdir():
        if now.timestamp() - file.stat().st_mtime > KEPT.total_seconds():
            file.unlink(missing_ok=True)
