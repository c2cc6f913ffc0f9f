"""Where records of a CSV end: newlines outside quotes, found in bulk; odd quoting is read line by line instead."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from khue.intake.decoders.chunk import MAX_LINE_SHOWN, MAX_ROW_BYTES

# Python's own limit (131,072) is below ours; a cell is never longer than its row.
csv.field_size_limit(MAX_ROW_BYTES)

QUOTE = 34
NEVER_CLOSED = "a quote is opened and never closed"
UNITS = {"utf-16-le": "<u2", "utf-16-be": ">u2", "utf-32-le": "<u4", "utf-32-be": ">u4"}
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Layout:
    """How the text of a CSV is laid out, found once a file."""

    encoding: str
    delimiter: str
    newline: int = 10  # code of the character that ends a line (13 in old files)

    @property
    def unit(self) -> str:
        """Return the numpy type of one code unit."""
        return UNITS.get(self.encoding, "u1")


@dataclass(frozen=True, slots=True)
class Row:
    """One record read by hand; `end` counts bytes from the start."""

    cells: list[str]
    end: int
    broken: str | None = None
    line: str = ""


def line_ends(content: bytes, layout: Layout) -> Places:
    """Return the places after each newline, in bytes."""
    units = _units(content, layout)
    return (np.flatnonzero(units == layout.newline) + 1) * units.itemsize


def record_ends(content: bytes, layout: Layout) -> tuple[Places, bool]:
    """Return the places after each newline outside quotes, and whether every quote stands where it should."""
    units = _units(content, layout)
    newlines = units == layout.newline
    quotes = np.flatnonzero(units == QUOTE)
    if not quotes.size:
        return (np.flatnonzero(newlines) + 1) * units.itemsize, True
    inside = np.cumsum(units == QUOTE, dtype=np.uint8) & 1
    ends = (np.flatnonzero(newlines & (inside == 0)) + 1) * units.itemsize
    return ends, _quotes_are_regular(units, quotes, layout)


def _units(content: bytes, layout: Layout) -> NDArray[np.unsignedinteger]:
    kind = np.dtype(layout.unit)
    return np.frombuffer(content, dtype=kind, count=len(content) // kind.itemsize)


def _quotes_are_regular(units: NDArray[np.unsignedinteger], quotes: Places, layout: Layout) -> bool:
    """Whether opening quotes follow a delimiter or a line's start, and closing ones precede a delimiter or its end."""
    edges = [ord(layout.delimiter), layout.newline, QUOTE]
    opening = quotes[0::2]
    before = units[opening[opening > 0] - 1]
    closing = quotes[1::2]
    after = units[closing[closing < units.size - 1] + 1]
    return bool(np.isin(before, edges).all() and np.isin(after, [*edges, 13]).all())


def read_by_hand(content: bytes, layout: Layout) -> Iterator[Row]:
    """Yield every record as Python's csv reads it; rows that are too long or not in the encoding are broken.

    A quote that is never closed would swallow the rest of the file: after MAX_ROW_BYTES its first line is
    given up as broken and reading goes on with the next line.
    """
    ends = [int(end) for end in line_ends(content, layout)]
    if not ends or ends[-1] < len(content):
        ends.append(len(content))
    start, place = 0, 0
    while place < len(ends):
        row, taken = _one(content, layout, start, (ends, place))
        yield row
        place += taken
        start = row.end


def _one(content: bytes, layout: Layout, start: int, lines_from: tuple[list[int], int]) -> tuple[Row, int]:
    """Read the record that starts at `start`; return it and how many lines it took."""
    ends, place = lines_from
    first = content[start : ends[place]]
    if len(first) > MAX_ROW_BYTES:
        return _broken(first, layout, ends[place], f"the row is longer than {MAX_ROW_BYTES >> 10} KiB"), 1
    lines = _Lines(content, layout, start, lines_from)
    try:
        cells = next(csv.reader(lines, delimiter=layout.delimiter), [])
    except UnicodeDecodeError as error:
        return _broken(first, layout, ends[place], f"the bytes are not {layout.encoding}: {error.reason}"), 1
    except csv.Error as error:
        return _broken(first, layout, ends[place], f"the row is no CSV: {error}"), 1
    if lines.gave_up:
        return _broken(first, layout, ends[place], NEVER_CLOSED), 1
    return Row(cells, ends[place + lines.taken - 1]), lines.taken


def _broken(line: bytes, layout: Layout, end: int, why: str) -> Row:
    text = line[: 4 * MAX_LINE_SHOWN].decode(layout.encoding, errors="replace").rstrip("\r\n")
    return Row([], end, why, text[:MAX_LINE_SHOWN])


class _Lines:
    """Lines of one record, decoded when they are asked for, up to the longest record allowed."""

    def __init__(self, content: bytes, layout: Layout, start: int, lines_from: tuple[list[int], int]) -> None:
        self._content, self._layout, self._start = content, layout, start
        self._ends, self._place = lines_from
        self.taken = 0
        self.gave_up = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._place + self.taken
        if line == len(self._ends):
            self.gave_up = self.taken > 0
            raise StopIteration
        begin = self._ends[line - 1] if self.taken else self._start
        end = self._ends[line]
        if end - self._start > MAX_ROW_BYTES:
            self.gave_up = True
            raise StopIteration
        self.taken += 1
        text = self._content[begin:end].decode(self._layout.encoding)
        return text[:-1] + "\n" if self._layout.newline == 13 and text.endswith("\r") else text
