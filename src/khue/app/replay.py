"""Replay: judge raw bytes again under the present contract, and append what differs. Nothing known is changed."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import orjson
import polars as pl

from khue.app.opened import Opened
from khue.app.received import frame_of
from khue.app.verdicts import Before, Verdicts, before, holdable, verdicts, withdrawn
from khue.contract.batch import GIVEN, RECORD, ROW, Batch, Part, Raw
from khue.contract.cleaned import Cleaned
from khue.contract.contract import Contract
from khue.contract.receipt import Receipt
from khue.contract.source import Source
from khue.intake.decode import decode_again
from khue.ledger.recorded import Original, Recorded

LARGEST = 10_000


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many commits and records were judged again, how many were left to later word, and what was appended."""

    commits: int = 0
    judged: int = 0
    superseded: int = 0
    differing: int = 0
    receipt: Receipt = Receipt()


def replay(house: Opened, type_name: str, said: Callable[[Replayed], None] = lambda _: None) -> Replayed:
    """Judge every commit of a type again, in order of seq.

    A record is left alone where a later commit spoke of the same id (and observed time), where its owner has decided
    on it, or where it was erased. The rest is appended as commits of kind `replay` that name the original. A record
    that stands and would be rejected now is withdrawn: its values are held, and it waits for its owner.
    """
    contract = house.catalogue.contract(type_name)
    recorded, total = Recorded(house.database), Replayed()
    try:
        replays = recorded.replays(type_name)
        for original in recorded.originals(contract):
            again = _Again(house, recorded, contract, original)
            earlier = replays.get(original.seq, {})
            past = before(original.seq, earlier, recorded.waited([original.seq, *earlier]), aside=again.aside)
            total = _one(again, past, total)
            said(total)
    finally:
        recorded.close()
    return total


@dataclass(frozen=True, slots=True)
class _Again:
    """One commit on its way through cleaning again."""

    house: Opened
    recorded: Recorded
    contract: Contract
    original: Original

    @property
    def aside(self) -> bool:
        """Whether the commit's rows lie in the tables of another major version."""
        return int(self.original.version.split(".", maxsplit=1)[0]) != self.contract.major

    def batch(self) -> Batch:
        """Return the records as they came, from the bytes as they came."""
        original, contract = self.original, self.contract
        source = self.house.catalogue.sources.get(original.source)
        content = self.recorded.raw(original.raw_seq)
        if original.profile.get("format") == "records":
            frame = _records(orjson.loads(content), contract)
        else:
            frame = decode_again(content, {**original.profile, **original.about}, source, contract)
        raw = Raw(content, hashlib.sha256(content).digest(), of=original.raw_seq)
        about = {"of": original.seq} | ({"from": original.version} if self.aside else {})
        part = Part(0, frame.height, original.source, original.actor, raw, kind="replay", about=about)
        batch = Batch(contract.type, frame, (part,), "patch" if original.mode == "patch" else "replace")
        waived = frozenset[str](original.about.get("waived", ()))
        return replace(batch, profile=original.profile, waived=waived, **_declared(source, original))

    def verdicts(self, cleaned: Cleaned, past: Before) -> Verdicts:
        """Return which records differ from how they stand."""
        found = verdicts(cleaned, self.recorded.latest(cleaned), past)
        rejected = cleaned.quarantined.filter(pl.col("action") == "reject")
        if rejected.is_empty():
            return found
        tolerant = self.tolerant(cleaned.batch, rejected[RECORD].to_list())
        return replace(found, withdraw=withdrawn(tolerant, self.recorded.latest(tolerant), past))

    def tolerant(self, batch: Batch, records: Sequence[int]) -> Cleaned:
        """Clean some records with every check waived: their identity and time, and all that can be read."""
        types = {f"{name}_type" for name in self.contract.by_name}
        chosen = replace(batch, waived=frozenset({*self.contract.checks_by_name, *types}))
        cleaned = self.house.cycle.cleaned(chosen)
        return replace(cleaned, rows=cleaned.rows.filter(pl.col(RECORD).is_in(records)))


def _one(again: _Again, past: Before, total: Replayed) -> Replayed:
    batch = again.batch()
    cleaned = again.house.cycle.cleaned(batch)
    found = again.verdicts(cleaned, past)
    receipts = [again.house.cycle.receive(_chosen(batch, past, records)) for records in _groups(found.enter, past)]
    receipts += [
        again.house.ledger.commit(_held(again, cleaned, _chosen(batch, past, records)))
        for records in _groups(found.withdraw, past)
    ]
    return Replayed(
        total.commits + 1,
        total.judged + batch.frame.height,
        total.superseded + found.left,
        total.differing + len(found.enter) + len(found.withdraw),
        reduce(Receipt.plus, (each[0] for each in receipts), total.receipt),
    )


def _declared(source: Source | None, original: Original) -> dict[str, object]:
    """Return what the source says of its records; of one that was never declared, the columns are in the profile."""
    if source is None:
        columns: dict[str, str] = original.profile.get("columns", {})
        return {"headings": {name: heading for heading, name in columns.items()}}
    headings = {name: heading for heading, name in source.columns.items()}
    return {"headings": headings, "agency": source.agency, "units": source.units, "blank": source.blank}


def _groups(records: Sequence[int], past: Before) -> Iterable[list[int]]:
    """Yield the records of each commit: those that wait in quarantine apart, since their commit decides on them."""
    for waiting in (True, False):
        some = [record for record in records if (record in past.waiting) is waiting]
        yield from (some[start : start + LARGEST] for start in range(0, len(some), LARGEST))


def _records(records: Sequence[Mapping[str, object]], contract: Contract) -> pl.DataFrame:
    """Return what was decided or concluded as a frame: records by property, each with all that it gives."""
    return frame_of(records, contract).with_columns(
        pl.int_range(pl.len(), dtype=pl.Int32).alias(RECORD),
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias(ROW),
        pl.Series([list(record) for record in records], dtype=pl.List(pl.String)).alias(GIVEN),
    )


def _chosen(batch: Batch, past: Before, records: list[int]) -> Batch:
    frame = _renumbered(batch.frame, records)
    about: dict[str, object] = {**batch.parts[0].about, "records": records}
    pairs = [past.waiting[record] for record in records if record in past.waiting]
    if pairs:
        about["quarantine"] = [[one.seq, one.record] for one in pairs]
    part = replace(batch.parts[0], end=frame.height, about=about)
    return replace(batch, frame=frame, parts=(part,))


def _held(again: _Again, cleaned: Cleaned, chosen: Batch) -> Cleaned:
    """Return rejected records as rows that have their identity and time alone, all else held, and as quarantined."""
    records: list[int] = list(chosen.parts[0].about["records"])
    names = list(holdable(again.contract))
    why = _renumbered(cleaned.quarantined, records)
    tolerant = again.tolerant(chosen, range(len(records)))
    empty = [name for name in tolerant.rows.columns if name.removesuffix("__folded") in names]
    rows = tolerant.rows.with_columns(
        *(pl.lit(None, tolerant.rows.schema[name]).alias(name) for name in empty),
        pl.lit(sorted(names), pl.List(pl.String)).alias("_held"),
        why["_flags"].alias("_flags"),
        why["_dimensions"].alias("_dimensions"),
        pl.lit(0, pl.Int32).alias("_passed"),
        pl.max_horizontal("_applicable", 1).cast(pl.Int32).alias("_applicable"),
    )
    if chosen.mode == "patch":
        rows = rows.with_columns(pl.lit(names, pl.List(pl.String)).alias("_given"))
    waits = why.with_columns(pl.lit("hold").alias("action"), pl.lit(names, pl.List(pl.String)).alias("fields"))
    return Cleaned(chosen, again.contract, rows, waits, tolerant.reference_version)


def _renumbered(frame: pl.DataFrame, records: Sequence[int]) -> pl.DataFrame:
    """Return the rows of some records, numbered from 0."""
    some = frame.filter(pl.col(RECORD).is_in(list(records))).sort(RECORD)
    return some.with_columns(pl.int_range(pl.len(), dtype=pl.Int32).alias(RECORD))
