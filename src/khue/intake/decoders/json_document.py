"""One JSON document: an array of objects, or an object that holds one; read as a whole, with limits."""

import json
from collections.abc import Collection
from typing import Any, cast

import orjson
import polars as pl

from khue.contract.batch import BROKEN, ROW
from khue.contract.errors import Refused
from khue.intake.decoders.chunk import LINE, MAX_COLUMNS, MAX_LINE_SHOWN, Chunk, Decoding
from khue.intake.decoders.encoding import bom_length, find_encoding
from khue.intake.decoders.json_values import MAX_DEPTH, too_deep
from khue.intake.decoders.ndjson import frame_of
from khue.intake.decoders.stream import Input, whole

LIMIT = 64 << 20
CHUNK = 10_000
NOTICED = 4 << 20  # keys that stand twice are looked for in documents up to this size
NO_OBJECT = "the element is no JSON object, or has too many keys"


def decode(source: Input, numbers: Collection[str]) -> Decoding:
    """Read the document; raises Refused where it is no JSON, NaN and Infinity included, and TooLarge beyond LIMIT."""
    content = whole(source, LIMIT, "A JSON document")
    document, notes = load(content, source.name)
    if len(content) <= NOTICED and (keys := repeated_keys(content)):
        notes.append(f"Keys that stand twice in one object, of which the last counts: {', '.join(keys[:10])}.")
    records = rows_of(document)
    headings = list(dict.fromkeys(key for record in records[:50] if _fits(record) for key in record))
    chunks = (Chunk(_frame(records[i : i + CHUNK], i + 1, numbers)) for i in range(0, len(records), CHUNK))
    return Decoding("json", headings, {}, chunks, notes, content)


def load(content: bytes, name: str) -> tuple[Any, list[str]]:
    """Return the document and notes (repeated keys); raises Refused for what is no JSON."""
    text = content
    if (encoding := find_encoding(content[: 1 << 18])) != "utf-8" or bom_length(content):
        text = content[bom_length(content) :].decode(encoding, errors="replace").encode()
    if too_deep(text):
        raise Refused(f"The JSON nests deeper than {MAX_DEPTH} levels", where=name)
    try:
        return orjson.loads(text), []
    except orjson.JSONDecodeError as error:
        raise Refused(
            "The JSON cannot be read", where=name, why=str(error), todo="NaN and Infinity are not JSON"
        ) from error


def repeated_keys(content: bytes) -> list[str]:
    """Return keys that stand twice in one object (the last value counts); slow, for small bodies."""
    found: dict[str, None] = {}

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        seen: set[str] = set()
        for key, _ in items:
            if key in seen:
                found[key] = None
            seen.add(key)
        return dict(items)

    try:
        json.loads(content, object_pairs_hook=pairs)
    except (ValueError, RecursionError):
        return []
    return list(found)


def rows_of(document: Any) -> list[Any]:  # noqa: ANN401  whatever JSON holds
    """Return the records: the array itself, the longest array of objects in an object, or the object alone."""
    if isinstance(document, list):
        return cast("list[Any]", document)
    if not isinstance(document, dict):
        return [document]
    known = cast("dict[str, Any]", document)
    arrays = [cast("list[Any]", value) for value in known.values() if _is_table(value)]
    if "id" in document or ("type" in document and document["type"] != "FeatureCollection") or not arrays:
        return [document]
    return max(arrays, key=len)


def _is_table(value: object) -> bool:
    """Whether a value is an array of objects."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _frame(records: list[Any], first: int, numbers: Collection[str]) -> pl.DataFrame:
    objects: list[dict[str, Any]] = [record if _fits(record) else {} for record in records]
    broken = [None if _fits(record) else NO_OBJECT for record in records]
    shown = [None if _fits(record) else orjson.dumps(record).decode()[:MAX_LINE_SHOWN] for record in records]
    own = {ROW: list(range(first, first + len(records))), BROKEN: broken, LINE: shown}
    return frame_of(objects, own, numbers)


def _fits(record: object) -> bool:
    return isinstance(record, dict) and len(cast("dict[str, Any]", record)) <= MAX_COLUMNS
