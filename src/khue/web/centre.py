"""What the pages ask of the house: one typed seam, handed in by `khue.app` over the ledger and intake."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from khue.contract.check import Dimension
from khue.contract.city import City
from khue.contract.commit import Commit, Quarantined
from khue.contract.domain import Domain, Number
from khue.contract.query import Page, Query
from khue.contract.receipt import Receipt

Fate = Literal["clean", "flagged", "held", "rejected", "unchanged"]
FATES: tuple[Fate, ...] = ("clean", "flagged", "held", "rejected", "unchanged")


@dataclass(frozen=True, slots=True)
class NumberNow:
    """A number's value (None = no data) over how many readings with a value, of how many, and the newest one's time."""

    value: float | None
    over: int
    of: int
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class SourceActivity:
    """When a source was last heard of: `received_at` its last commit's time, `observed_at` its newest reading."""

    source: str
    received_at: datetime | None = None
    observed_at: datetime | None = None
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """What one source sent of one type in a window, by fate; `dimensions` are (passed, of) pairs."""

    type: str
    source: str
    received: int
    fates: Mapping[Fate, int]
    dimensions: Mapping[Dimension, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A selection of the quarantine; None = any. `records` are (seq, record) pairs."""

    state: str | None = "open"
    type: str | None = None
    source: str | None = None
    check: str | None = None
    records: tuple[tuple[int, int], ...] = ()
    limit: int = 50
    offset: int = 0
    commit: int | None = None  # seq of the commit that the records came with


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many records failed one check; `example` is one of their reasons."""

    type: str
    check: str
    dimension: str
    action: str  # reject, hold or flag
    count: int
    example: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that a person brought: `path` is where its bytes lie, `source` None = found from the type."""

    type: str
    source: str | None
    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class FooterCompared:
    """What a footer row states against what its column above says."""

    name: str
    column: str
    stated: float
    computed: float
    agrees: bool


@dataclass(frozen=True, slots=True)
class Examined:
    """What a file would do if it were sent: nothing has been written."""

    receipt: Receipt
    rows: int
    reasons: tuple[ReasonCount, ...] = ()
    footers: tuple[FooterCompared, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What an owner decides about the selected records.

    fix: `values` replace what was received (property → text as typed) and the record is judged again;
    release: the value is confirmed right, `selection.check` is waived;
    dismiss: the record stays out, for the reason in `note`.
    """

    action: Literal["fix", "release", "dismiss"]
    selection: Waiting
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    note: str = ""


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a decision or of an uploaded workbook: records mended, and those that still wait, with reasons."""

    mended: int
    still: tuple[ReasonCount, ...] = ()
    commits: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """One sample for `/metrics`; `name` without the prefix khue_."""

    name: str
    help: str
    kind: Literal["gauge", "counter"]
    value: float
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


Ring = tuple[tuple[float, float], ...]  # longitude, latitude in WGS 84 degrees


class Centre(Protocol):
    """The city as the pages see it. Every `at` means as known at; None = now. Errors are KhueErrors."""

    @property
    def city(self) -> City:
        """The city's facts."""
        ...

    @property
    def domains(self) -> Sequence[Domain]:
        """The chosen domains, in the order of the menu."""
        ...

    @property
    def outline(self) -> tuple[Ring, ...]:
        """The city's approximate boundary, or () where none is known."""
        ...

    def now(self) -> datetime:
        """Return the present moment (the house's clock)."""
        ...

    async def as_of(self, at: datetime | None = None) -> int:
        """Return the last seq of the log (as known at), 0 where it is empty."""
        ...

    async def number(self, number: Number, at: datetime | None) -> NumberNow:
        """Return a number of the city."""
        ...

    async def query(self, query: Query) -> Page:
        """Return rows of one type."""
        ...

    async def activity(self, at: datetime | None) -> Sequence[SourceActivity]:
        """Return when each source was last heard of."""
        ...

    async def received(self, since: datetime, until: datetime | None) -> Sequence[Received]:
        """Return what was received between two moments, by type and source."""
        ...

    async def commits(self, before: int | None, limit: int) -> Sequence[Commit]:
        """Return the newest commits before a seq, newest first."""
        ...

    async def commit(self, seq: int) -> Commit:
        """Return one commit; NotFound where there is none."""
        ...

    def tail(self, after: int) -> AsyncIterator[Commit]:
        """Yield every commit after a seq in order, then each new one as it is made, for ever."""
        ...

    async def waiting(self, selection: Waiting) -> tuple[Sequence[Quarantined], int]:
        """Return a page of the quarantine and how many records the selection has in all."""
        ...

    async def reasons(self, selection: Waiting) -> Sequence[ReasonCount]:
        """Return the selection's records counted by reason, most first."""
        ...

    async def flagged(self, since: datetime, at: datetime | None) -> Sequence[ReasonCount]:
        """Return readings observed since that were let pass with a flag, counted by check."""
        ...

    async def examine(self, upload: Upload) -> Examined:
        """Decode, clean and judge a file without writing anything."""
        ...

    async def ingest(self, upload: Upload) -> Receipt:
        """Take a file into the record."""
        ...

    async def decide(self, decision: Decision) -> Decided:
        """Fix, release or dismiss records of the quarantine."""
        ...

    async def workbook(self, selection: Waiting) -> bytes:
        """Return the selection as an .xlsx to mend."""
        ...

    async def mend(self, upload: Upload) -> Decided:
        """Take a mended workbook back."""
        ...

    async def revert(self, seq: int, note: str) -> Receipt:
        """Undo one commit except where somebody changed it since."""
        ...

    async def ready(self) -> str:
        """Return "" where the house can serve, else what is missing."""
        ...

    async def measurements(self) -> Sequence[Measurement]:
        """Return the samples of `/metrics`."""
        ...
