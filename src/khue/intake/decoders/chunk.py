"""What every decoder gives: frames of text with the place of each row, and how to do it again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

OVERFLOW = "_overflow"  # String: cells beyond the last heading, joined by " | "
LINE = "_line"  # String: the text of a row that could not be decoded, cut to 10,000 characters
END = "_end"  # Int64: place in the (unpacked) bytes where the row ends; absent where rows have no place of their own

MAX_COLUMNS = 10_000
MAX_ROW_BYTES = 1 << 20
MAX_LINE_SHOWN = 10_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows that follow each other, and the bytes that they were read from.

    `frame` has String (or JSON-typed) columns named by heading, `_row` Int64 (the row as its owner counts it),
    `_end` Int64 where the format has places, and `_broken`, `_line` where a row could not be decoded.
    """

    frame: pl.DataFrame
    content: bytes = b""


@dataclass(slots=True)
class Decoding:
    """A decoder at work: `profile` makes it repeatable; `notes` are for the person who brought the file."""

    format: str
    headings: list[str]
    profile: dict[str, Any]
    chunks: Iterator[Chunk]
    notes: list[str] = field(default_factory=list[str])
    whole: bytes | None = None  # the file, where the format is read as a whole


@dataclass(frozen=True, slots=True)
class Again:
    """Tells a decoder to read a slice with what was found the first time, instead of finding it."""

    profile: Mapping[str, Any]


def tidy_headings(cells: list[str]) -> list[str]:
    """Return headings with single spaces; blank ones are named by their place, repeated ones get " (2)", " (3)".

    One that begins with "_" gets a dot before it: those names are ours, and a file must not be able to say them.
    """
    seen: dict[str, int] = {}
    headings: list[str] = []
    for place, cell in enumerate(cells, start=1):
        name = " ".join(cell.replace("\x00", "␀").split()) or f"cột {place}"
        name = f"·{name}" if name.startswith("_") else name
        seen[name] = seen.get(name, 0) + 1
        candidate = name if seen[name] == 1 else f"{name} ({seen[name]})"
        while candidate in headings and seen[name] > 1:
            seen[name] += 1
            candidate = f"{name} ({seen[name]})"
        headings.append(candidate)
    return headings


def ragged(cells: list[str], width: int) -> tuple[list[str | None], str | None]:
    """Return exactly `width` cells, and the ones beyond as one text (joined by " | "), or None."""
    if len(cells) <= width:
        return [*cells, *[None] * (width - len(cells))], None
    return list(cells[:width]), " | ".join(cells[width:])
