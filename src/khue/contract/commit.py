"""A commit as readers see it: one row of the log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Commit:
    """One entry of the log.

    `counts` has received, clean, flagged, held, rejected, unchanged; `checks` {check: records that failed it};
    `dimensions` {dimension: records that passed}. Digests and hashes are hexadecimal.
    """

    seq: int
    recorded_at: datetime
    type: str
    contract_version: str
    source: str
    actor: str
    kind: str
    mode: str
    position: str | None
    counts: Mapping[str, Any]
    about: Mapping[str, Any]
    raw_digest: str
    rows_digest: str
    hash: str


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record that waits for its owner, or what became of it.

    `reasons` are {"check","dimension","field","column","row","value","vi","en"}; `received` is the record as it
    was sent (None where the reader may not see it); `state` is open, fixed, released, dismissed or replayed.
    """

    seq: int
    record: int
    row: int
    type: str
    source: str
    id: str | None
    observed_at: datetime | None
    action: str
    fields: tuple[str, ...]
    reasons: tuple[Mapping[str, Any], ...]
    received: Mapping[str, Any] | None
    owner: str
    state: str
    recorded_at: datetime
    decided_seq: int | None
    note: str
