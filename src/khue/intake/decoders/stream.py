"""Bytes of a file or an upload, unpacked on the way, with limits that a bomb cannot pass."""

import hashlib
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from khue.contract.errors import Refused, TooLarge

BLOCK = 2 << 20
GZIP = b"\x1f\x8b"
MAX_UNPACKED = 64 << 30
MAX_RATIO = 300  # of what is unpacked to what came in, beyond the first 64 MiB; text packs 5 to 50 times
RATIO_FROM = 64 << 20


@dataclass(frozen=True, slots=True)
class Input:
    """A file on disk or bytes in memory, with the name that its owner gave it."""

    content: Path | bytes
    name: str

    def open(self) -> BinaryIO:
        """Open the bytes as received."""
        if isinstance(self.content, bytes):
            return io.BytesIO(self.content)
        return self.content.open("rb")

    def size(self) -> int:
        """Return the number of bytes as received."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size

    def stamp(self) -> tuple[int, ...]:
        """Return what changes when somebody writes to the file: its inode, size and time of change."""
        if isinstance(self.content, bytes):
            return ()
        status = self.content.stat()
        return status.st_ino, status.st_size, status.st_mtime_ns

    def sha256(self) -> str:
        """Return the digest of the bytes as received, in hexadecimal."""
        digest = hashlib.sha256()
        with self.open() as stream:
            while block := stream.read(BLOCK):
                digest.update(block)
        return digest.hexdigest()

    def packed(self) -> bool:
        """Whether the bytes are gzip."""
        with self.open() as stream:
            return stream.read(2) == GZIP

    def head(self, size: int = 1 << 18) -> bytes:
        """Return the first bytes, unpacked."""
        found = b""
        for block in blocks(self, []):
            found += block
            if len(found) >= size:
                break
        return found[:size]


def blocks(source: Input, notes: list[str]) -> Iterator[bytes]:
    """Yield the unpacked bytes in blocks; a truncated gzip gives what is there and a note.

    Raises TooLarge where the file unpacks to more than the limits.
    """
    with source.open() as stream:
        if not source.packed():
            while block := stream.read(BLOCK):
                yield block
            return
        yield from _unpacked(source, stream, notes)


def _unpacked(source: Input, stream: BinaryIO, notes: list[str]) -> Iterator[bytes]:
    """Unpack by hand: unlike GzipFile, this gives all that a truncated file holds."""
    unpacked, came_in = 0, 0
    member = zlib.decompressobj(wbits=31)
    packed = b""
    while packed or (packed := stream.read(BLOCK // 8)):
        came_in = stream.tell()
        try:
            block = member.decompress(packed, BLOCK)
        except zlib.error as error:
            notes.append(f"The gzip file is damaged ({error}); what could be read was taken.")
            return
        packed = member.unconsumed_tail
        unpacked += len(block)
        _refuse_bomb(source, unpacked, came_in)
        if block:
            yield block
        if member.eof:
            packed = member.unused_data.lstrip(b"\0")
            member = zlib.decompressobj(wbits=31) if packed else member
    if not member.eof:
        notes.append("The gzip file ends too early; what could be read was taken.")


def _refuse_bomb(source: Input, unpacked: int, came_in: int) -> None:
    if unpacked > MAX_UNPACKED or (unpacked > RATIO_FROM and unpacked > MAX_RATIO * max(came_in, 1)):
        raise TooLarge(
            "The gzip file unpacks to far more than it holds",
            where=source.name,
            why=f"{unpacked:,} bytes from {came_in:,}; the limits are {MAX_RATIO} to 1 and {MAX_UNPACKED:,} bytes",
            todo="Send the file unpacked, or in parts",
        )


def whole(source: Input, limit: int, what: str) -> bytes:
    """Return all bytes, unpacked, or raise TooLarge beyond `limit`."""
    parts: list[bytes] = []
    size = 0
    notes: list[str] = []
    for block in blocks(source, notes):
        size += len(block)
        if size > limit:
            raise TooLarge(
                f"{what} of more than {limit >> 20} MiB is not read",
                where=source.name,
                why="The format has to be read as a whole",
                todo="Send it as CSV or NDJSON, which have no limit, or in parts",
            )
        parts.append(block)
    if notes:
        raise Refused("The gzip file is damaged", where=source.name, why=notes[0])
    return b"".join(parts)
