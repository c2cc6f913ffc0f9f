"""A file to batches of at most 10,000 records, each with the bytes it was read from, so that it can be read again."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from khue.contract.batch import RECORD, ROW, Batch, Part, Position, Raw
from khue.contract.contract import Contract
from khue.contract.errors import Refused, TooLarge, TryAgain
from khue.contract.source import Long, Source
from khue.intake.columns import choose_source
from khue.intake.decoders.chunk import END, Again, Chunk, Decoding
from khue.intake.decoders.stream import Input
from khue.intake.detect import find_format
from khue.intake.footers import Footers, Footing
from khue.intake.formats import read, read_again
from khue.intake.shape import Shape

RECORDS = 10_000  # ledger.md 1: no commit holds more
LONG_ROWS = 2_000_000  # of a long table, which is read as a whole
LONG_BYTES = 256 << 20  # of its unpacked text


@dataclass(frozen=True, slots=True)
class Sender:
    """Who brought the file."""

    actor: str = "local"
    name: str = ""  # the name of the file as its owner gave it, where only bytes are at hand


@dataclass(slots=True)
class Decoded:
    """A file on its way in. Iterate over `batches()` once; the counts are whole when it has ended.

    `rows` counts the rows of the file without headings and blank lines; `footers` those that are no records.
    """

    source: Source
    contract: Contract
    format: str
    sha256: str
    notes: list[str]
    profile: dict[str, Any]
    total_bytes: int
    rows: int = 0
    records: int = 0
    read_bytes: int = 0
    footers: Footers = field(default_factory=lambda: Footers(()))
    _decoding: Decoding | None = None
    _sender: Sender = field(default_factory=Sender)
    _given: Input = field(default_factory=lambda: Input(b"", ""))
    _stamp: tuple[int, ...] = ()

    @property
    def findings(self) -> list[Footing]:
        """Return the footers that disagree with their columns."""
        return self.footers.findings

    @property
    def totals(self) -> dict[str, Any]:
        """Return rows, records, footers and what footers disagreed about."""
        found = [finding.sentence() for finding in self.findings]
        return {"rows": self.rows, "records": self.records, "footers": self.footers.count, "findings": found}

    def batches(self) -> Iterator[Batch]:
        """Yield the records in batches, each with one part."""
        decoding = self._decoding
        if decoding is None:
            return
        self._decoding = None
        shape = Shape(self.source, self.contract)
        if isinstance(self.source.shape, Long):
            yield from self._joined(decoding, shape)
            return
        slices = _Slices(decoding, shape)
        for number, piece in enumerate(slices.pieces(self._counted(decoding.chunks))):
            frame = shape.records(piece.frame)
            self.records += frame.height
            yield self._batch(number, piece, frame, shape)

    def __iter__(self) -> Iterator[Batch]:
        return self.batches()

    def _joined(self, decoding: Decoding, shape: Shape) -> Iterator[Batch]:
        """Yield the records of a long table, whose rows may stand anywhere: it is read as a whole, up to a limit."""
        frames: list[pl.DataFrame] = []
        contents: list[bytes] = []
        for chunk in self._counted(decoding.chunks):
            frames.append(chunk.frame)
            contents.append(chunk.content)
            _refuse_large(self.rows, self.read_bytes)
        if not any(frame.height for frame in frames):
            return
        whole = b"".join(contents) if decoding.whole is None else decoding.whole
        table = pl.concat(frames, how="diagonal_relaxed")
        frames.clear()
        if again := shape.said_again(table):
            self.notes.append(f"{again:,} rows say nothing that another row of the same key and parameter does not.")
        records = shape.records(table)
        self.records = records.height
        digest = hashlib.sha256(whole).digest()
        for number, frame in enumerate(records.iter_slices(RECORDS)):
            start = number * RECORDS
            piece = _Piece(frame, None, whole, {"records": [start, start + frame.height]}, digest)
            yield self._batch(number, piece, _renumbered(frame), shape)

    def _counted(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        for chunk in chunks:
            self.rows += chunk.frame.height
            self.read_bytes += len(chunk.content)
            yield Chunk(self.footers.take(chunk.frame), chunk.content)

    def _batch(self, number: int, piece: "_Piece", frame: pl.DataFrame, shape: Shape) -> Batch:
        self._require_unchanged()
        raw = self._raw(number, piece)
        about = {"file": self._sender.name, "sha256": self.sha256} if self._sender.name else {"sha256": self.sha256}
        rows = piece.frame.select(pl.col(ROW).min().alias("first"), pl.col(ROW).max().alias("last")).row(0)
        position = Position(f"{self.contract.type}:{self.sha256}:{number}", {"rows": list(rows), "part": number})
        part = Part(0, frame.height, self.source.name, self._sender.actor, raw, position, "data", about)
        reading = {"date_order": self.source.date_order, "zone": self.source.zone}
        profile = {**self.profile, **piece.profile, **reading, "format": self.format, "source": self.source.name}
        if not self.source.file:  # not declared anywhere: the mapping itself is needed to read again
            profile["columns"] = dict(self.source.columns)
        return batch_of(frame, shape, (part,), profile)

    def _require_unchanged(self) -> None:
        """Refuse to go on with a file that somebody writes to: its digest names bytes that are not these."""
        if self._given.stamp() != self._stamp:
            raise TryAgain(
                "The file changed while it was read", where=self._given.name, todo="Send it when it is whole"
            )

    def _raw(self, number: int, piece: "_Piece") -> Raw:
        if piece.content is not None:
            return Raw(piece.content, hashlib.sha256(piece.content).digest())
        return Raw(piece.whole if number == 0 else b"", piece.digest or hashlib.sha256(piece.whole).digest())


def open_file(
    file: Path | bytes,
    contract: Contract,
    source: Source | None = None,
    sources: Sequence[Source] = (),
    sender: Sender | None = None,
) -> Decoded:
    """Open a file of records of the contract's type.

    Without a `source`, the one of `sources` (or none: names, terms and labels) that fits the headings is taken,
    and `notes` say what was matched. Raises Refused or TooLarge where the file as a whole cannot be read.
    """
    sender = sender or Sender()
    name = sender.name or (file.name if isinstance(file, Path) else "upload")
    given = Input(file, name)
    stamp = given.stamp()
    format_name = find_format(given)
    if format_name == "json" and source is not None and source.format in ("ngsi-ld", "ndjson"):
        format_name = source.format
    decoding = read(given, format_name, contract, source)
    notes = decoding.notes
    profile = {**decoding.profile, "declared": source is not None}
    if source is None:
        source, found = choose_source(decoding.headings, format_name, contract, sources)
        notes.extend(found)
    return Decoded(
        source, contract, decoding.format, given.sha256(), notes, profile, given.size(),
        footers=Footers(source.footers), _decoding=decoding, _sender=replace(sender, name=name),
        _given=given, _stamp=stamp,
    )  # fmt: skip


def with_first_seq(batch: Batch, seq: int) -> Batch:
    """Return a later batch of a file that is kept whole, saying which commit (its first) holds the bytes."""
    parts = tuple(
        replace(part, raw=replace(part.raw, of=seq)) if not part.raw.content and part.raw.of is None else part
        for part in batch.parts
    )
    return replace(batch, parts=parts)


def decode_again(content: bytes, profile: Mapping[str, Any], source: Source | None, contract: Contract) -> pl.DataFrame:
    """Return the same records as the first time, from the raw bytes and profile of a commit.

    For a file that is kept whole, `content` is the whole file and the profile says which rows are meant.
    """
    if source is None:
        source, _ = choose_source(list(profile.get("headings", ())), "", contract, ())
        source = replace(source, columns=dict(profile.get("columns", source.columns)))
    decoding = read_again(content, Again(profile), contract, source)
    frames = [chunk.frame for chunk in decoding.chunks]
    if not frames:
        raise Refused("The raw bytes hold no rows", why="They are not the bytes that were committed")
    frame = Footers(source.footers).take(pl.concat(frames, how="diagonal_relaxed"))
    if "rows" in profile:
        first, last = profile["rows"]
        frame = frame.filter(pl.col(ROW).is_between(first, last))
    records = Shape(source, contract).records(frame)
    if "records" in profile:
        start, end = profile["records"]
        return _renumbered(records.slice(start, end - start))
    return records


def _renumbered(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.int_range(pl.len(), dtype=pl.Int32).alias(RECORD))


def _refuse_large(rows: int, size: int) -> None:
    """Refuse a long table that does not fit into memory; raises TooLarge."""
    if rows > LONG_ROWS or size > LONG_BYTES:
        raise TooLarge(
            f"A long table of more than {LONG_ROWS:,} rows or {LONG_BYTES >> 20} MiB is not read",
            why="The rows of one record may stand anywhere in it, so that it has to be read as a whole",
            todo="Send it in parts that hold all rows of their records, such as a file a month",
        )


def batch_of(frame: pl.DataFrame, shape: Shape, parts: tuple[Part, ...], profile: Mapping[str, Any]) -> Batch:
    """Return the batch of shaped records with all that the source declares."""
    source = shape.source
    late = source.late_after if source.late_after is not None else source.every
    return Batch(
        shape.contract.type, frame, parts, headings=_headings(source), profile=profile, agency=source.agency,
        units=source.units, blank=source.blank, promised=late,
    )  # fmt: skip


def _headings(source: Source) -> dict[str, str]:
    """Return property → heading as the source declares it."""
    return {name: heading for heading, name in source.columns.items()}


@dataclass(frozen=True, slots=True)
class _Piece:
    """Rows of one batch; `content` their own bytes, or None where the file is kept `whole`."""

    frame: pl.DataFrame
    content: bytes | None
    whole: bytes
    profile: Mapping[str, Any]
    digest: bytes = b""  # of `whole`, where it is known already


@dataclass(slots=True)
class _Slices:
    """Cuts a stream of chunks into pieces of at most RECORDS records."""

    decoding: Decoding
    shape: Shape
    _pending: bytes = b""
    _start: int = 0  # place of `_pending` in the stream
    _next_row: int = 0

    def pieces(self, chunks: Iterator[Chunk]) -> Iterator[_Piece]:
        """Yield the pieces in order; one row is held back so that the last piece takes all that is left."""
        self._next_row = int(self.decoding.profile.get("first_row", 0))
        held: pl.DataFrame | None = None
        for chunk in chunks:
            self._pending += chunk.content
            held = chunk.frame if held is None else pl.concat([held, chunk.frame], how="diagonal_relaxed")
            while (cut := self._cut(held)) is not None:
                yield self._piece(held.head(cut), last=False)
                held = held.slice(cut)
        while held is not None and not held.is_empty():
            cut = self._cut(held) or held.height
            yield self._piece(held.head(cut), last=cut == held.height)
            held = held.slice(cut)

    def _cut(self, held: pl.DataFrame) -> int | None:
        """Return after how many rows to cut, or None where there are not yet more than enough."""
        limit = max(RECORDS // self.shape.width(held), 1)
        if held.height <= limit:
            return None
        return limit

    def _piece(self, frame: pl.DataFrame, *, last: bool) -> _Piece:
        rows = [int(frame[ROW][0]), int(frame[ROW][-1])]
        whole = self.decoding.whole
        if whole is not None or END not in frame.columns:
            return _Piece(frame, None, whole or b"", {"rows": rows})
        end = int(frame[END][-1])
        content = self._pending if last else self._pending[: end - self._start]
        skip = int(self.decoding.profile.get("skip", 0)) if self._start == 0 else 0
        profile = {"skip": skip, "first_row": self._next_row}
        self._pending, self._start, self._next_row = (
            self._pending[len(content) :],
            self._start + len(content),
            rows[1] + 1,
        )
        return _Piece(frame, content, b"", profile)
