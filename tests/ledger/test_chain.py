"""The rules of docs/ledger.md, computed again in plain Python from what psycopg reads: nothing of Khuê is asked."""

import hashlib
import json
import struct
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from tests.ledger.build import cleaned, contract, record

from khue.ledger.commit import Ledger
from khue.ledger.install import install
from khue.ledger.revert import revert
from khue.ledger.verify import verify

GAUGE = contract()
POSTGRES = datetime(2000, 1, 1, tzinfo=UTC)
TEXT, TEXTS, TIMESTAMPTZ, FLOAT8, FLOAT4, INT4, INT8, BYTEA, BOOL, JSONB = (
    25, 1009, 1184, 701, 700, 23, 20, 17, 16, 3802,
)  # fmt: skip
LOG = (
    "seq", "recorded_at", "type", "contract_version", "code_version", "reference_version", "source", "position",
    "actor", "kind", "mode", "about", "counts", "raw_digest", "rows_digest",
)  # fmt: skip
CONTENT = (("_id", TEXT), ("_observed_at", TIMESTAMPTZ), ("_deleted", BOOL), ("_extra", JSONB), ("station", TEXT),
           ("rain", FLOAT8), ("level", FLOAT8), ("detail", JSONB))  # fmt: skip
FORM = (
    ("_record", INT4), ("_digest", BYTEA), ("_area", TEXT), ("_agency", TEXT), ("_visible_to", TEXTS), ("_x", FLOAT8),
    ("_y", FLOAT8), ("_cell", INT8), ("_quality", FLOAT4), ("_flags", TEXTS), ("_held", TEXTS),
)  # fmt: skip


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    install(ledger, [GAUGE])
    items = [
        record("a", 1, rain=1.5, level=None, detail='{"khóa": [1, 2.50, null]}', area="xã Đông Anh", extra='{"z":1}'),
        record("b", 2, rain=9e9, held=("rain",)),
        record("ầ", 3, rain=-0.0, flags=("spike", "late"), deleted=False),
        record("a", 4, deleted=True),
    ]
    (receipt, _) = ledger.commit(cleaned(GAUGE, items, position="tệp", cuts=(3,), about={"số": 1.0, "b": [1e5, None]}))
    ledger.commit(cleaned(GAUGE, []))
    revert(ledger, receipt.first or 0, GAUGE, "tester", "nhầm")
    return ledger


def rows(ledger: Ledger, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(ledger.database.owner) as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(query.encode()).fetchall()


@pytest.mark.both_servers
def test_the_chain_follows_from_the_rule_in_the_docs(filled: Ledger) -> None:
    end = bytes(32)
    found = rows(filled, f"select {', '.join(LOG)}, hash from khue.commit order by seq")
    assert len(found) == 5
    for *fields, digest in found:
        text = b"".join(b"\xff\xff\xff\xff" if field is None else length_first(as_bytes(field)) for field in fields)
        end = hashlib.sha256(end + text).digest()
        assert end == digest
    assert rows(filled, "select hash from khue.head") == [(end,)]


def length_first(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def as_bytes(field: Any) -> bytes:
    if isinstance(field, bytes):
        return field
    if isinstance(field, datetime):
        return str(round((field - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)).encode()
    if isinstance(field, dict):
        return json.dumps(whole(field), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    return str(field).encode()


def whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: whole(item) for name, item in value.items()}
    if isinstance(value, list):
        return [whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@pytest.mark.both_servers
def test_the_digests_of_rows_follow_from_the_rule_in_the_docs(filled: Ledger) -> None:
    names = ", ".join(f"{name}::text" if kind == JSONB else name for name, kind in (*CONTENT, *FORM))
    found = rows(filled, f"select _seq, {names} from history.gauge order by _seq, _record")
    commits: dict[int, bytes] = {}
    for seq, *values in found:
        content, form = values[: len(CONTENT)], values[len(CONTENT) :]
        assert form[1] == hashlib.sha256(record_send(CONTENT, content)).digest()[:16]
        commits[seq] = commits.get(seq, b"") + record_send(FORM, form)
    digests = dict(rows(filled, "select seq, rows_digest from khue.commit where kind <> 'contract'"))
    assert len(found) == 8 - 1  # the reverted part had three rows, the other one
    assert digests == {seq: hashlib.sha256(commits.get(seq, b"")).digest() for seq in digests}
    assert verify(filled.database) == []


def record_send(columns: tuple[tuple[str, int], ...], values: list[Any]) -> bytes:
    """PostgreSQL's binary form of a row: the number of columns, then type, length and bytes of each."""
    sent = struct.pack(">i", len(columns))
    for (_, kind), value in zip(columns, values, strict=True):
        content = None if value is None else binary(kind, value)
        sent += struct.pack(">I", kind) + (b"\xff\xff\xff\xff" if content is None else length_first(content))
    return sent


def binary(kind: int, value: Any) -> bytes:
    match kind:
        case 25:
            return value.encode()
        case 3802:
            return b"\x01" + value.encode()
        case 1184:
            return struct.pack(">q", round((value - POSTGRES).total_seconds() * 1_000_000))
        case 1009:
            return texts(value)
        case 17:
            return value
        case _:
            return struct.pack({701: ">d", 700: ">f", 23: ">i", 20: ">q", 16: ">?"}[kind], value)


def texts(value: list[str]) -> bytes:
    """An array: dimensions, whether it has nulls, the type; then length and lower bound; then each text."""
    if not value:
        return struct.pack(">iiI", 0, 0, TEXT)
    return struct.pack(">iiIii", 1, 0, TEXT, len(value), 1) + b"".join(length_first(one.encode()) for one in value)
