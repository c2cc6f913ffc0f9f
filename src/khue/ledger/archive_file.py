"""The file of a backup: a tar of zstd members, each with its SHA-256 in a manifest that comes last.

A file that was cut off has no manifest, and one byte that changed is found, before anything is restored.
"""

import hashlib
import io
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import msgspec
import zstandard

from khue.contract.errors import Refused

FORMAT = 1
CHUNK = 16 * 1024 * 1024  # bytes of one member before compression: what writer and reader hold in memory
MANIFEST, SEAL = "manifest.json", "manifest.sha256"


@dataclass(frozen=True, slots=True)
class Member:
    """One compressed piece; the pieces of a table follow each other."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A table with its columns and rows, or (without a table) a part of the structure as SQL text."""

    name: str
    members: tuple[Member, ...]
    schema: str = ""
    table: str = ""
    columns: tuple[str, ...] = ()
    rows: int = 0


@dataclass(frozen=True, slots=True)
class About:
    """When and of what a backup was made: versions, and where the ledger ended."""

    khue: str
    postgresql: int
    made_at: str
    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds, in the order of its members."""

    about: About
    entries: tuple[Entry, ...]
    format: int = FORMAT


@dataclass(slots=True)
class Writer:
    """Writes members into an open file, then the manifest."""

    handle: BinaryIO
    _tar: tarfile.TarFile = field(init=False)

    def __post_init__(self) -> None:
        self._tar = tarfile.open(fileobj=self.handle, mode="w:")  # noqa: SIM115  closed by `close`

    def add(self, name: str, pieces: Iterable[bytes]) -> tuple[Member, ...]:
        """Write a stream as members `name.000001`, `name.000002`, … and return them."""
        return tuple(self._member(f"{name}.{n:06}", chunk) for n, chunk in enumerate(_chunks(pieces), start=1))

    def close(self, manifest: Manifest) -> str:
        """Write the manifest and its seal; return the seal, which is the digest of the whole backup."""
        text = msgspec.json.encode(manifest)
        seal = hashlib.sha256(text).hexdigest()
        self._write(MANIFEST, text)
        self._write(SEAL, seal.encode())
        self._tar.close()
        return seal

    def _member(self, name: str, chunk: bytes) -> Member:
        packed = zstandard.ZstdCompressor(level=3).compress(chunk)
        self._write(name, packed)
        return Member(name, hashlib.sha256(packed).hexdigest())

    def _write(self, name: str, content: bytes) -> None:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        self._tar.addfile(entry, io.BytesIO(content))


def read_manifest(file: Path) -> Manifest:
    """Read the whole file once and return its manifest; a file that is not whole and true is refused."""
    seen: dict[str, str] = {}
    text, seal = b"", ""
    for name, content in members(file):
        if name == MANIFEST:
            text = content
        elif name == SEAL:
            seal = content.decode("ascii", errors="replace")
        else:
            seen[name] = hashlib.sha256(content).hexdigest()
    if not seal:
        raise _refused(file, "it ends before its manifest: the backup was not finished, or the copy was cut off")
    if hashlib.sha256(text).hexdigest() != seal:
        raise _refused(file, "its manifest was changed")
    manifest = _manifest(file, text)
    _compare(file, manifest, seen)
    return manifest


def members(file: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each member, in order, one in memory at a time."""
    try:
        with tarfile.open(file, mode="r|") as tar:
            for entry in tar:
                content = tar.extractfile(entry)
                if content is None:
                    raise _refused(file, f"{entry.name} is no file")
                yield entry.name, content.read()
    except FileNotFoundError as error:
        raise Refused("There is no such backup", where=str(file)) from error
    except (tarfile.TarError, EOFError) as error:
        raise _refused(file, f"it is cut off or no backup ({error})") from error


def contents(file: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and uncompressed content of each data member, in order."""
    unpack = zstandard.ZstdDecompressor()
    for name, content in members(file):
        if name not in (MANIFEST, SEAL):
            yield name, unpack.decompress(content, max_output_size=2 * CHUNK)


def _manifest(file: Path, text: bytes) -> Manifest:
    found = msgspec.json.decode(text)
    if found.get("format") != FORMAT:
        raise _refused(file, f"its format is {found.get('format')}, this Khuê reads {FORMAT}")
    return msgspec.convert(found, Manifest)


def _compare(file: Path, manifest: Manifest, seen: dict[str, str]) -> None:
    told = {member.name: member.sha256 for entry in manifest.entries for member in entry.members}
    for name, sha256 in told.items():
        if seen.get(name) != sha256:
            raise _refused(file, f"{name} is {'changed' if name in seen else 'missing'}")
    if more := seen.keys() - told.keys():
        raise _refused(file, f"{min(more)} does not belong to it")


def _chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= CHUNK:
            yield bytes(held[:CHUNK])
            del held[:CHUNK]
    if held:
        yield bytes(held)


def _refused(file: Path, why: str) -> Refused:
    return Refused("The backup cannot be used", where=str(file), why=why, todo="take another copy or an earlier backup")
