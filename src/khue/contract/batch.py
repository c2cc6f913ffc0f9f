"""A batch: decoded records of one type on their way to `clean`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

Mode = Literal["replace", "patch"]

# Columns of a decoded frame that are not properties:
RECORD = "_record"  # Int32, 0-based place of the record in the batch: unique; parts are ranges of it
ROW = "_row"  # Int64, the record's place as its owner counts it (row of the file, 1-based; index in a request)
COLUMN = "_column"  # String, the heading of the cell that a wide table's record came from, where it was one
ID = "_id"  # String, the entity id where the sender gave one (NGSI-LD); otherwise made from the contract's key
EXTRA = "_extra"  # String, a JSON object of what the sender gave and the contract does not know
GIVEN = "_given"  # List(String), patch only: the properties that the sender gave, deletions included
UNIT_PREFIX = "_unit."  # `_unit.<property>`: String, the row's own unit where the sender gave one
DELETED = "_deleted"  # Boolean, the sender asks to delete the entity
BROKEN = "_broken"  # String: why the row could not be decoded; clean rejects it under the check `decode`


@dataclass(frozen=True, slots=True)
class Position:
    """Where a batch stood in its source; a commit with the same source and key is never made twice.

    `key` is unique in the source ("<sha256>:<part>" of a file, an Idempotency-Key, a stream's sequence).
    """

    key: str
    detail: Mapping[str, Any] = field(default_factory=dict[str, Any])
    chosen: bool = False  # by the sender, who may by mistake give it to other bytes: those are refused


@dataclass(frozen=True, slots=True)
class Raw:
    """The bytes as received. `of` is the seq of the commit that holds them, where that is an earlier one."""

    content: bytes
    digest: bytes  # sha256 of the bytes as received
    of: int | None = None


Kind = Literal["data", "fix", "release", "dismiss", "revert", "replay", "erase", "conclusion", "contract", "access"]


@dataclass(frozen=True, slots=True)
class Part:
    """The records `start` to `end` (excluded) of a batch: what becomes one commit with its own receipt.

    A file's batch has one part; group commit puts many requests into one batch, a part each.
    """

    start: int
    end: int
    source: str
    actor: str
    raw: Raw
    position: Position | None = None
    kind: Kind = "data"
    about: Mapping[str, Any] = field(default_factory=dict[str, Any])  # what the commit refers to (see docs/ledger.md)


@dataclass(frozen=True, slots=True)
class Batch:
    """Decoded records of one type, in order: `frame` has text (or JSON-typed) columns named by property.

    All parts go into the record in one transaction, each as a commit of its own.
    """

    type: str
    frame: pl.DataFrame
    parts: tuple[Part, ...]
    mode: Mode = "replace"
    headings: Mapping[str, str] = field(default_factory=dict[str, str])  # property → heading in the file
    profile: Mapping[str, Any] = field(default_factory=dict[str, Any])  # how it was decoded, to decode again
    agency: str = ""  # the agency that answers for the source; "" = the type's owner
    units: Mapping[str, str] = field(default_factory=dict[str, str])  # property → unit that the source declares
    blank: Mapping[str, str] = field(default_factory=dict[str, str])  # property → unknown, zero, clear, keep
    promised: float | None = None  # seconds after observation within which the source promises its records
    waived: frozenset[str] = frozenset()  # checks that a person has decided not to apply (release)
