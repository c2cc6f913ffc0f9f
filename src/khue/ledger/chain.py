"""The hash chain: each commit's hash covers the one before it, what it says, and the digests of what it holds.

hash = SHA-256 over the fields below in order. The first is the 32 bytes of the previous hash (zeros before the
first commit). Each following one is four bytes of length, big-endian, and that many bytes; null is the length
0xFFFFFFFF and nothing. Numbers are decimal ASCII, moments microseconds since 1970 in UTC, JSON is canonical:
UTF-8, keys sorted, no spaces, whole numbers without a fraction. docs/ledger.md repeats this rule.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

NULL = b"\xff\xff\xff\xff"
GENESIS = bytes(32)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """What a hash covers of one commit, in this order."""

    seq: int
    recorded_at: datetime
    type: str
    contract_version: str
    code_version: str
    reference_version: str
    source: str
    position: str | None
    actor: str
    kind: str
    mode: str
    about: Mapping[str, Any]
    counts: Mapping[str, Any]
    raw_digest: bytes
    rows_digest: bytes


def link(previous: bytes, entry: Entry) -> bytes:
    """Return the hash of `entry` after the commit whose hash is `previous`."""
    digest = hashlib.sha256(previous)
    for name in Entry.__slots__:
        digest.update(_field(getattr(entry, name)))
    return digest.digest()


def canonical(value: object) -> str:
    """Return JSON in the one form that is hashed."""
    return json.dumps(_whole(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _field(value: object) -> bytes:
    if value is None:
        return NULL
    content = _bytes(value)
    return len(content).to_bytes(4, "big") + content


def _bytes(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, datetime):
        return str((value - EPOCH) // timedelta(microseconds=1)).encode()
    if isinstance(value, Mapping):
        return canonical(value).encode()
    return str(value).encode()


def _whole(value: object) -> object:
    """Write whole floats as integers: jsonb gives 1e5 back as 100000."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {str(key): _whole(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_whole(item) for item in value]
    return value
