"""One file into the record: decoding and cleaning the next batch while the last one is merging."""

from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from khue.app.cycle import Cycle
from khue.contract.cleaned import Cleaned
from khue.contract.contract import Contract
from khue.contract.errors import NotFound
from khue.contract.receipt import Receipt
from khue.contract.source import Source
from khue.intake.decode import Decoded, Sender, open_file, with_first_seq
from khue.intake.footers import Footing
from khue.ledger.head import StaleContract

EXAMPLES = 3  # of each reason, in the report
IN_FLIGHT = 2  # batches cleaned and not yet durable: both cores are busy, memory stays bounded


@dataclass
class Filed:
    """What became of a file, counted while it goes in. `read` and `total` are bytes."""

    file: str
    dry_run: bool
    rows: int = 0
    read: int = 0
    total: int = 0
    receipt: Receipt = Receipt()
    examples: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict[str, list[Mapping[str, Any]]])
    footers: int = 0
    footings: tuple[Footing, ...] = ()
    notes: list[str] = field(default_factory=list[str])
    again: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the report as the command's line."""
        receipt = self.receipt
        more = {"footers": self.footers, "reasons": dict(receipt.checks), "notes": self.notes}
        return {"rows": self.rows, **self.receipt.as_json(), "dry_run": self.dry_run, "again": self.again, **more}

    def as_text(self) -> str:
        """Return the report as a person reads it in a terminal."""
        receipt = self.receipt
        fates = ("received", "clean", "flagged", "held", "rejected", "unchanged")
        lines = [f"{self.file}: {self.rows:,} rows" + (", dry run: nothing was written" if self.dry_run else "")]
        lines += [f"  {fate:<10}{getattr(receipt, fate):>12,}" for fate in fates]
        if receipt.first is not None:
            lines.append(f"  commits {receipt.first} to {receipt.last}" + (" (already in)" if self.again else ""))
        lines += [f"  {check}: {count:,}" for check, count in Counter(receipt.checks).most_common()]
        lines += [f"    {each['vi']}" for examples in self.examples.values() for each in examples[:1]]
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])


@dataclass(frozen=True, slots=True)
class Filing:
    """A file to take in, and how. `progress` is told after each batch."""

    type: str
    file: Path | bytes
    source: str | None = None
    dry_run: bool = False
    name: str = ""
    actor: str = "local"
    progress: Callable[[Filed], None] = lambda _: None


def file_in(cycle: Cycle, sources: Mapping[str, Source], filing: Filing) -> Filed:
    """Take a file in as records of one type; each batch is durable before it is counted.

    The next batch is decoded and cleaned while the last one is merging. Raises Refused where the file as a whole
    cannot be read. Records that fail are in quarantine, not errors.
    """
    contract = _contract(cycle, filing.type)
    name = filing.name or (filing.file.name if isinstance(filing.file, Path) else "upload")
    candidates = [each for each in sources.values() if each.type == filing.type]
    decoded = open_file(filing.file, contract, _declared(sources, filing), candidates, Sender(filing.actor, name))
    filed = Filed(name, filing.dry_run, total=decoded.total_bytes)
    if filing.dry_run:
        for batch in decoded:
            cleaned = cycle.cleaned(batch)
            _remember(filed, cleaned)
            receipt = _rehearsed(cycle, cleaned)
            filed.receipt = filed.receipt.plus(
                _unchanged(receipt) if receipt.again else replace(receipt, first=None, last=None)
            )
            _read(filed, decoded, filing)
    else:
        _commit_all(cycle, decoded, filed, filing)
    _read(filed, decoded, filing)
    filed.footers = decoded.footers.count
    filed.footings = tuple(decoded.footers.compared)
    filed.notes = [*decoded.notes, *(finding.sentence() for finding in decoded.findings)]
    return filed


def _commit_all(cycle: Cycle, decoded: Decoded, filed: Filed, filing: Filing) -> None:
    first: list[int] = []
    fresh: list[bool] = []

    def write(cleaned: Cleaned) -> Receipt:
        batch = with_first_seq(cleaned.batch, first[0]) if first else cleaned.batch
        receipt = cycle.commit(replace(cleaned, batch=batch))[0]
        if not first and receipt.first is not None:
            first.append(receipt.first)
        return receipt

    def taken(waiting: Future[Receipt]) -> None:
        receipt = waiting.result()
        fresh.append(not receipt.again)
        filed.receipt = filed.receipt.plus(_unchanged(receipt) if receipt.again else receipt)
        _read(filed, decoded, filing)

    with ThreadPoolExecutor(1, "khue-commit") as writer:
        waiting: list[Future[Receipt]] = []
        for batch in decoded:
            cleaned = cycle.cleaned(batch)
            _remember(filed, cleaned)
            waiting.append(writer.submit(write, cleaned))
            while len(waiting) > IN_FLIGHT:
                taken(waiting.pop(0))
        for each in waiting:
            taken(each)
    filed.again = bool(fresh) and not any(fresh)


def _contract(cycle: Cycle, name: str) -> Contract:
    """Return the type's contract, or a draft; a name that is almost a known one is a slip of the hand."""
    known = cycle.contracts()
    if name not in known and (near := get_close_matches(name, known, 1, cutoff=0.8)):
        raise NotFound(f"There is no type “{name}”", todo=f"Did you mean “{near[0]}”?")
    return cycle.contract(name)


def _rehearsed(cycle: Cycle, cleaned: Cleaned) -> Receipt:
    try:
        return cycle.ledger.rehearse(cleaned)[0]
    except StaleContract:
        if not cleaned.contract.is_draft:
            raise
    # A type that is seen first has no tables, and a rehearsal makes none: nothing of it can have come before.
    reasons = [orjson.loads(text) for text in cleaned.quarantined["reasons"]]
    rejected = cleaned.quarantined.filter(pl.col("action") == "reject").height
    clean = cleaned.rows.height
    return Receipt(
        rejected + clean, clean, rejected=rejected, checks=Counter(r["check"] for each in reasons for r in each)
    )


def _declared(sources: Mapping[str, Source], filing: Filing) -> Source | None:
    if filing.source is None:
        return None
    if filing.source not in sources:
        raise NotFound(f"There is no source “{filing.source}”", todo=f"choose one of {', '.join(sorted(sources))}")
    return sources[filing.source]


def _read(filed: Filed, decoded: Decoded, filing: Filing) -> None:
    filed.rows, filed.read = decoded.rows, decoded.read_bytes
    filing.progress(filed)


def _unchanged(receipt: Receipt) -> Receipt:
    return Receipt(receipt.received, unchanged=receipt.received, first=receipt.first, last=receipt.last, again=True)


def _remember(filed: Filed, cleaned: Cleaned) -> None:
    for text in cleaned.quarantined["reasons"].head(EXAMPLES * 10):
        for reason in orjson.loads(text):
            found = filed.examples.setdefault(reason["check"], [])
            if len(found) < EXAMPLES:
                found.append(reason)
