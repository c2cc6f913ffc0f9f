"""A contract as the ledger keeps it: its body as JSON, and the digest that names this very text."""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from khue.contract.contract import Contract
from khue.contract.label import Label
from khue.contract.property import Property
from khue.ledger.chain import canonical


def body(contract: Contract) -> dict[str, Any]:
    """Return the contract as a JSON object (durations in seconds); the file it was read from is left out."""
    found = _plain(contract)
    return {name: value for name, value in found.items() if name not in ("file", "digest")}


@lru_cache(maxsize=1024)
def _digest_by_identity(key: "_Same") -> str:
    return hashlib.sha256(canonical(body(key.contract)).encode()).hexdigest()


class _Same:
    """A contract as a cache key: the very same object, for its mappings cannot be hashed."""

    __slots__ = ("contract",)

    def __init__(self, contract: Contract) -> None:
        self.contract = contract

    def __hash__(self) -> int:
        return id(self.contract)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.contract is self.contract


def digest_of(contract: Contract) -> str:
    """Return the digest of the contract's text, or of its body where it was not read from a text."""
    return contract.digest or _digest_by_identity(_Same(contract))


def in_tables(kept: Mapping[str, Any], digest: str) -> Contract:
    """Return a kept contract as far as tables and versions are compared by it: without its checks and its gate."""
    simple = ("type", "entity_type", "version", "kind", "status", "description", "owner", "key", "observed_at")
    told: dict[str, Any] = {name: kept[name] for name in simple}
    properties = tuple(_property(prop) for prop in kept["properties"])
    return Contract(**told, label=Label(**kept["label"]), properties=properties, checks=(), digest=digest)


def _property(kept: Mapping[str, Any]) -> Property:
    told: dict[str, Any] = {**kept, "label": Label(**kept["label"]), "normalise": (), "reference": None}
    return Property(**told)


def fingerprint(contract: Contract) -> str:
    """Return 12 hexadecimal digits that tell this contract's version and text from any other."""
    return hashlib.sha256(f"{contract.version} {digest_of(contract)}".encode()).hexdigest()[:12]


def _plain(value: Any) -> Any:  # noqa: ANN401  any value of a contract
    if is_dataclass(value):
        return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (list, tuple, frozenset, set)):
        return [_plain(item) for item in value]
    if hasattr(value, "items"):
        return {str(key): _plain(item) for key, item in value.items()}
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
