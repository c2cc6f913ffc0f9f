"""The commit rows of a transaction: counts, raw bytes, digests and the chain."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

import pyarrow as pa
import zstandard

from khue.contract.batch import Part, Raw
from khue.contract.receipt import Receipt
from khue.ledger.chain import Entry, link
from khue.ledger.head import Head
from khue.ledger.merge import Tally
from khue.ledger.writer import Writer

RAW_PART = 8 * 1024 * 1024  # bytes of input in one row of khue.raw
END = "update khue.head set hash = $1 returning pg_notify('khue', $2::text)"
JSON = pa.json_(pa.utf8())
COMMIT = pa.schema(
    [
        ("seq", pa.int64()),
        ("recorded_at", pa.timestamp("us", tz="UTC")),
        *((name, pa.utf8()) for name in ("type", "contract_version", "code_version", "reference_version")),
        *((name, pa.utf8()) for name in ("source", "actor", "kind", "mode", "position")),
        *((name, JSON) for name in ("about", "profile", "counts")),
        ("raw_seq", pa.int64()),
        *((name, pa.binary()) for name in ("raw_digest", "rows_digest", "hash")),
    ]
)
RAW = pa.schema([("seq", pa.int64()), ("part", pa.int32()), ("bytes", pa.binary())])


@dataclass(frozen=True, slots=True)
class Said:
    """What all commits of a transaction say alike."""

    type: str
    contract_version: str
    reference_version: str
    mode: str
    profile: Mapping[str, Any]


@cache
def code_version() -> str:
    """Return the version of Khuê that is running."""
    return version("khue")


def compressed(raw: Raw) -> list[bytes]:
    """Return the rows of khue.raw for the bytes as received; none where an earlier commit holds them."""
    if raw.of is not None:
        return []
    starts = range(0, max(len(raw.content), 1), RAW_PART)
    return [zstandard.compress(raw.content[start : start + RAW_PART], 1) for start in starts]


def counts_of(part: Part, tally: Tally) -> dict[str, Any]:
    """Return the counts of a commit; every record stands in exactly one of the five fates."""
    return {
        "received": part.end - part.start,
        "clean": tally.clean,
        "flagged": tally.flagged,
        "held": tally.held,
        "rejected": tally.rejected,
        "unchanged": tally.unchanged,
        "checks": dict(tally.checks),
        "dimensions": dict(tally.dimensions),
    }


def receipt_of(counts: Mapping[str, Any], seq: int, *, again: bool = False) -> Receipt:
    """Return the receipt of one commit."""
    names = ("received", "clean", "flagged", "held", "rejected", "unchanged")
    return Receipt(**{name: counts[name] for name in names}, first=seq, last=seq, again=again, checks=counts["checks"])


def write_log(
    writer: Writer, head: Head, said: Said, parts: Sequence[tuple[Part, list[bytes]]], tallies: Sequence[Tally]
) -> list[Receipt]:
    """Write the commit rows and raw bytes of every part, close the chain, and return the receipts."""
    rows: list[dict[str, Any]] = []
    end = head.hash
    for place, ((part, _), tally) in enumerate(zip(parts, tallies, strict=True)):
        row = _row(head, place, said, part, tally)
        end = row["hash"] = link(end, _entry(row))
        rows.append(row)
    writer.copy("commit", _commits(rows), "khue")
    pieces = [(head.first + place, n, piece) for place, (_, raw) in enumerate(parts) for n, piece in enumerate(raw)]
    if pieces:
        columns = [pa.array(column, field.type) for column, field in zip(zip(*pieces, strict=True), RAW, strict=True)]
        writer.copy("raw", pa.table(columns, schema=RAW), "khue")
    writer.rows(END, (end, str(head.first + len(parts) - 1)))
    return [receipt_of(row["counts"], row["seq"]) for row in rows]


def _row(head: Head, place: int, said: Said, part: Part, tally: Tally) -> dict[str, Any]:
    seq = head.first + place
    return {
        "seq": seq,
        "recorded_at": head.moment(place),
        "type": said.type,
        "contract_version": said.contract_version,
        "code_version": code_version(),
        "reference_version": said.reference_version,
        "source": part.source,
        "actor": part.actor,
        "kind": part.kind,
        "mode": said.mode,
        "position": part.position.key if part.position else None,
        "about": dict(part.about)
        | ({"position": dict(part.position.detail)} if part.position and part.position.detail else {}),
        "profile": dict(said.profile),
        "counts": counts_of(part, tally),
        "raw_seq": part.raw.of if part.raw.of is not None else seq,
        "raw_digest": part.raw.digest,
        "rows_digest": tally.rows_digest,
    }


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(**{name: row[name] for name in Entry.__slots__})


def _commits(rows: Sequence[Mapping[str, Any]]) -> pa.Table:  # pyright: ignore[reportUnknownParameterType]  no types
    def column(field: pa.Field) -> pa.Array:  # pyright: ignore[reportUnknownParameterType]  no types
        values = [row[field.name] for row in rows]
        if field.type != JSON:
            return pa.array(values, field.type)
        return pa.ExtensionArray.from_storage(JSON, pa.array([json.dumps(v, ensure_ascii=False) for v in values]))

    return pa.table([column(field) for field in COMMIT], schema=COMMIT)
