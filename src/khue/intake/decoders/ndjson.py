"""NDJSON: one object a line, streamed; a line that is no object is a broken record and stops nothing."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any, cast

import orjson
import polars as pl

from khue.contract.batch import BROKEN, ROW
from khue.contract.errors import TooLarge
from khue.intake.decoders.chunk import (
    END,
    LINE,
    MAX_COLUMNS,
    MAX_LINE_SHOWN,
    MAX_ROW_BYTES,
    Again,
    Chunk,
    Decoding,
)
from khue.intake.decoders.encoding import bom_length
from khue.intake.decoders.json_values import MAX_DEPTH, columns, own_names, too_deep
from khue.intake.decoders.stream import Input, blocks

LONGEST_LINE = 64 << 20


def decode(source: Input, numbers: Collection[str]) -> Decoding:
    """Stream the lines; the headings are the keys of the first ones."""
    head = source.head()
    skip = bom_length(head)
    first = [record for line in head[skip:].splitlines()[:50] if (record := _object(line)[0])]
    notes: list[str] = []
    profile = {"gzip": source.packed(), "skip": skip, "first_row": 1}
    headings = list(dict.fromkeys(key for record in first for key in record))
    return Decoding("ndjson", headings, profile, _chunks(blocks(source, notes), skip, 1, numbers), notes)


def decode_again(content: bytes, again: Again, numbers: Collection[str]) -> Decoding:
    """Read a slice of the lines, as `decode` read them."""
    skip, first = int(again.profile["skip"]), int(again.profile["first_row"])
    return Decoding("ndjson", [], dict(again.profile), _chunks([content], skip, first, numbers))


def _chunks(stream: Iterable[bytes], skip: int, row: int, numbers: Collection[str]) -> Iterator[Chunk]:
    pending, done = b"", 0
    for block in stream:
        pending += block
        cut = pending.rfind(b"\n") + 1
        if not cut and len(pending) > LONGEST_LINE:
            raise TooLarge(f"Line {row:,} is longer than {LONGEST_LINE >> 20} MiB", todo="Is this NDJSON?")
        if cut:
            yield Chunk(lines_frame(pending[:cut], (row, done, skip), numbers), pending[:cut])
            row, done, skip, pending = row + pending.count(b"\n", 0, cut), done + cut, 0, pending[cut:]
    if pending:
        yield Chunk(lines_frame(pending, (row, done, skip), numbers), pending)


def lines_frame(content: bytes, place: tuple[int, int, int], numbers: Collection[str]) -> pl.DataFrame:
    """Return a row for each line that is not blank.

    `place` is the number of the first row, the bytes of the stream before it, and the bytes to skip.
    """
    row, done, skip = place
    records: list[dict[str, Any]] = []
    own: dict[str, list[Any]] = {ROW: [], END: [], BROKEN: [], LINE: []}
    end = done
    for number, line in enumerate(content.split(b"\n"), start=row):
        end += len(line) + 1
        text = line[skip:] if number == row else line
        if not text.strip():
            continue
        record, broken = _object(text)
        records.append(record)
        own[ROW].append(number)
        own[END].append(min(end, done + len(content)))
        own[BROKEN].append(broken)
        own[LINE].append(text[:MAX_LINE_SHOWN].decode(errors="replace") if broken else None)
    return frame_of(records, own, numbers)


def frame_of(records: list[dict[str, Any]], own: dict[str, list[Any]], numbers: Collection[str]) -> pl.DataFrame:
    """Return records and the decoder's own columns as a frame."""
    kinds = {ROW: pl.Int64, END: pl.Int64, BROKEN: pl.String, LINE: pl.String}
    series = columns(records, numbers)
    renamed = own_names(one.name for one in series)
    series = [one.rename(renamed.get(one.name, one.name)) for one in series]
    return pl.DataFrame([*series, *(pl.Series(name, values, dtype=kinds[name]) for name, values in own.items())])


def _object(line: bytes) -> tuple[dict[str, Any], str | None]:
    """Return the line's object, or an empty one and why it is none."""
    if len(line) > MAX_ROW_BYTES:
        return {}, f"the line is longer than {MAX_ROW_BYTES >> 10} KiB"
    if too_deep(line):
        return {}, f"the line nests deeper than {MAX_DEPTH} levels"
    try:
        record: Any = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return {}, f"the line is no JSON: {error}"
    if not isinstance(record, dict):
        return {}, "the line is no JSON object"
    known = cast("dict[str, Any]", record)
    if len(known) > MAX_COLUMNS:
        return {}, f"the object has more than {MAX_COLUMNS:,} keys"
    return known, None
