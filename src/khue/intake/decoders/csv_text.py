"""CSV as a stream: encoding, delimiter and header found once, blocks cut between records, each read by Polars."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import polars as pl
from polars.exceptions import PolarsError

from khue.contract.batch import BROKEN, ROW
from khue.contract.errors import Refused, TooLarge
from khue.intake.decoders.chunk import (
    END,
    LINE,
    MAX_COLUMNS,
    MAX_LINE_SHOWN,
    MAX_ROW_BYTES,
    Again,
    Chunk,
    Decoding,
    ragged,
    tidy_headings,
)
from khue.intake.decoders.csv_records import NEVER_CLOSED, Layout, Places, Row, line_ends, read_by_hand, record_ends
from khue.intake.decoders.encoding import bom_length, find_encoding
from khue.intake.decoders.stream import Input, blocks

DELIMITERS = (",", ";", "\t", "|")
LONGEST_LINE = 64 << 20
ENDS_EARLY = "the file ends in the middle of this row"


def decode(source: Input) -> Decoding:
    """Find the layout from the first bytes, then stream; raises Refused for an empty file."""
    head = source.head()
    encoding = find_encoding(head)
    bom = bom_length(head)
    layout, sep_line = _layout(head[bom:], encoding)
    header = _header(head[bom:], layout, sep_line)
    if header is None:
        raise Refused("The file is empty", where=source.name, todo="Send a file with a row of headings")
    headings = tidy_headings(header.cells)
    if len(headings) > MAX_COLUMNS:
        raise Refused(f"The file has {len(headings):,} columns", where=source.name, why=f"The limit is {MAX_COLUMNS:,}")
    before = int((line_ends(head[bom : bom + header.end], layout)).size) or 1
    profile: dict[str, Any] = {
        "encoding": encoding,
        "delimiter": layout.delimiter,
        "newline": layout.newline,
        "gzip": source.packed(),
        "headings": headings,
        "skip": bom + header.end,
        "first_row": before + 1,
    }
    notes: list[str] = []
    chunks = _Reader(layout, headings).chunks(blocks(source, notes), bom + header.end, before + 1)
    return Decoding("csv", headings, profile, chunks, notes)


def decode_again(content: bytes, again: Again) -> Decoding:
    """Read a slice of the bytes, as `decode` read it; the profile names its first row and the bytes to skip."""
    profile = dict(again.profile)
    layout = Layout(profile["encoding"], profile["delimiter"], profile["newline"])
    reader = _Reader(layout, list(profile["headings"]))
    chunks = reader.chunks([content], int(profile["skip"]), int(profile["first_row"]))
    return Decoding("csv", list(profile["headings"]), profile, chunks)


def _layout(head: bytes, encoding: str) -> tuple[Layout, bool]:
    text = head.decode(encoding, errors="replace")
    newline = 10 if "\n" in text or "\r" not in text else 13
    first = text.split(chr(newline), maxsplit=1)[0].strip()
    if first.lower().startswith("sep=") and len(first) == 5:
        return Layout(encoding, first[4], newline), True
    return Layout(encoding, max(DELIMITERS, key=lambda mark: _likeness(text, mark)), newline), False


def _likeness(text: str, delimiter: str) -> tuple[float, int]:
    """Return how well the first lines agree on the number of fields, and that number."""
    lines = text.splitlines()[:60]
    try:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
    except csv.Error:
        return 0.0, 0
    if not widths or widths[0] == 1:
        return 0.0, 0
    return sum(width == widths[0] for width in widths) / len(widths), widths[0]


def _header(text: bytes, layout: Layout, sep_line: bool) -> Row | None:  # noqa: FBT001
    rows = read_by_hand(text, layout)
    if sep_line:
        next(rows, None)
    row = next((row for row in rows if row.broken or any(cell.strip() for cell in row.cells)), None)
    if row is not None and row.broken:
        raise Refused("The row of headings cannot be read", why=row.broken, todo="Send a file with a row of headings")
    return row


class _Reader:
    """Cuts the stream between records and reads each piece: by Polars, or by hand where it is odd."""

    def __init__(self, layout: Layout, headings: list[str]) -> None:
        self.layout, self.headings = layout, headings
        self.row = 0  # number of the next record
        self.done = 0  # bytes of the stream that were given out

    def chunks(self, stream: Iterable[bytes], skip: int, first_row: int) -> Iterator[Chunk]:
        """Yield frames with the bytes they came from; the first takes the `skip` bytes before its rows along."""
        self.row = first_row
        before, pending = b"", b""
        for block in stream:
            pending += block
            if skip:
                taken = min(skip, len(pending))
                before, pending, skip = before + pending[:taken], pending[taken:], skip - taken
            if not pending:
                continue
            self.done += len(before)
            content, pending = self._take(pending)
            if content is not None:
                yield Chunk(content.frame, before + content.content)
                before = b""
            else:
                self.done -= len(before)
        if pending:
            self.done += len(before)
            yield Chunk(self._last(pending), before + pending)
        elif before:
            yield Chunk(self._frame([]), before)

    def _take(self, pending: bytes) -> tuple[Chunk | None, bytes]:
        """Read the whole records in `pending`; return them and the rest."""
        ends, regular = record_ends(pending, self.layout)
        if regular and ends.size and len(pending) - int(ends[-1]) <= 2 * MAX_ROW_BYTES:
            cut = int(ends[-1])
            return Chunk(self._read(pending[:cut], ends), pending[:cut]), pending[cut:]
        if len(pending) <= 3 * MAX_ROW_BYTES:
            lines = line_ends(pending, self.layout)
            if regular or not lines.size:
                return None, pending
        if not line_ends(pending, self.layout).size:
            if len(pending) > LONGEST_LINE:
                raise TooLarge(f"Row {self.row:,} is longer than {LONGEST_LINE >> 20} MiB", todo="Is this a CSV file?")
            return None, pending
        rows = self._certain(pending)
        if not rows:
            return None, pending
        cut = rows[-1].end
        return Chunk(self._frame(rows), pending[:cut]), pending[cut:]

    def _certain(self, pending: bytes) -> list[Row]:
        """Read by hand the rows that more bytes cannot change: not the last, and no quote that may yet be closed."""
        rows: list[Row] = []
        start = 0
        for row in read_by_hand(pending, self.layout):
            if row.broken == NEVER_CLOSED and len(pending) - start <= MAX_ROW_BYTES:
                return rows
            rows.append(row)
            start = row.end
        return rows[:-1]

    def _last(self, pending: bytes) -> pl.DataFrame:
        """Read what is left at the end of the file; a last row without newline and with cells missing is broken."""
        rows = list(read_by_hand(pending, self.layout))
        if rows and len(rows[-1].cells) < len(self.headings) and not self._closed(pending) and not rows[-1].broken:
            last = rows[-1]
            rows[-1] = Row([], last.end, ENDS_EARLY, self.layout.delimiter.join(last.cells))
        return self._frame(rows)

    def _closed(self, pending: bytes) -> bool:
        ends = line_ends(pending, self.layout)
        return bool(ends.size) and int(ends[-1]) == len(pending)

    def _read(self, content: bytes, ends: Places) -> pl.DataFrame:
        longest = int(np.diff(ends, prepend=0).max())
        frame = None if longest > MAX_ROW_BYTES else self._by_polars(content, ends)
        return self._frame(list(read_by_hand(content, self.layout))) if frame is None else frame

    def _by_polars(self, content: bytes, ends: Places) -> pl.DataFrame | None:
        """Read regular records in bulk; None where Polars does not find one row for each record."""
        try:
            data = _as_utf8(content, self.layout)
            frame = pl.read_csv(
                data,
                has_header=False,
                schema=dict.fromkeys(self.headings, pl.String),
                separator=self.layout.delimiter,
                infer_schema=False,
                raise_if_empty=False,
                eol_char="\n",
            )
        except (UnicodeDecodeError, PolarsError):
            return None
        if frame.height != ends.size:
            return None
        numbered = frame.with_columns(
            pl.int_range(self.row, self.row + frame.height, dtype=pl.Int64).alias(ROW),
            pl.Series(END, ends + self.done, dtype=pl.Int64),
        )
        self.row += frame.height
        self.done += len(content)
        return numbered

    def _frame(self, rows: list[Row]) -> pl.DataFrame:
        """Make a frame of rows read by hand; blank lines are counted but are no records."""
        numbered = [(self.row + i, self._fitting(row)) for i, row in enumerate(rows)]
        kept = [(n, row) for n, row in numbered if row.broken or any(row.cells)]
        fitted = [ragged(row.cells, len(self.headings))[0] for _, row in kept]
        columns = {name: [cells[i] for cells in fitted] for i, name in enumerate(self.headings)}
        frame = pl.DataFrame(columns, schema=dict.fromkeys(self.headings, pl.String)).with_columns(
            pl.Series(ROW, [n for n, _ in kept], dtype=pl.Int64),
            pl.Series(END, [self.done + row.end for _, row in kept], dtype=pl.Int64),
            pl.Series(BROKEN, [row.broken for _, row in kept], dtype=pl.String),
            pl.Series(LINE, [row.line if row.broken else None for _, row in kept], dtype=pl.String),
        )
        self.row += len(rows)
        self.done += rows[-1].end if rows else 0
        return frame

    def _fitting(self, row: Row) -> Row:
        """Break a row with more cells than headings: a stray delimiter has moved its values under wrong headings."""
        beyond = row.cells[len(self.headings) :]
        if not any(cell.strip() for cell in beyond):
            return Row(row.cells[: len(self.headings)], row.end, row.broken, row.line)
        why = f"the row has {len(row.cells)} cells, the headings are {len(self.headings)}"
        return Row([], row.end, why, self.layout.delimiter.join(row.cells)[:MAX_LINE_SHOWN])


def _as_utf8(content: bytes, layout: Layout) -> bytes | io.BytesIO:
    if layout.newline == 13:
        return content.decode(layout.encoding).replace("\r", "\n").encode()
    if layout.encoding == "utf-8":
        content.decode("utf-8")
        return content
    return content.decode(layout.encoding).encode()
