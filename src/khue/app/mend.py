"""What an owner decides on records that wait: fix, release, dismiss. Each decision is a commit."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import orjson
import polars as pl

from khue.app.cycle import Cycle
from khue.contract.batch import GIVEN, ID, RECORD, ROW, Batch, Kind, Part, Raw
from khue.contract.cleaned import Cleaned
from khue.contract.commit import Quarantined
from khue.contract.errors import Refused
from khue.contract.receipt import Receipt

LARGEST = 5_000  # records decided in one commit


@dataclass(frozen=True, slots=True)
class Correction:
    """New values (property → text or JSON value) for one waiting record."""

    waiting: Quarantined
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a decision: how many records it settled, and which still fail, with their reasons."""

    settled: int = 0
    receipt: Receipt = Receipt()
    failing: tuple[tuple[Quarantined, tuple[Mapping[str, Any], ...]], ...] = ()

    def plus(self, other: "Outcome") -> "Outcome":
        """Return both outcomes as one."""
        return Outcome(self.settled + other.settled, self.receipt.plus(other.receipt), self.failing + other.failing)


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decides what on waiting records, and why."""

    kind: Kind
    actor: str
    note: str = ""
    waived: frozenset[str] = field(default_factory=frozenset[str])


def fix(cycle: Cycle, corrections: Sequence[Correction], actor: str, note: str = "") -> Outcome:
    """Judge the corrected records again; commit those that pass, and report those that still fail."""
    return _decide(cycle, corrections, Decision("fix", actor, note))


def release(cycle: Cycle, waiting: Sequence[Quarantined], actor: str, note: str = "") -> Outcome:
    """Commit the records as they were sent: a person has confirmed that the values are right."""
    outcome = Outcome()
    for names, group in groupby(sorted(waiting, key=_failed), key=_failed):
        decision = Decision("release", actor, note, frozenset(names))
        outcome = outcome.plus(_decide(cycle, [Correction(each, {}) for each in group], decision))
    return outcome


def dismiss(cycle: Cycle, waiting: Sequence[Quarantined], actor: str, note: str) -> Outcome:
    """Put the records aside for good, with the reason; what was held or rejected stays out of the record."""
    if not note.strip():
        raise Refused("A reason is needed", where="dismiss", todo="say why the records are put aside")
    outcome = Outcome()
    for type_name, group in groupby(sorted(waiting, key=lambda each: each.type), key=lambda each: each.type):
        for some in _slices(list(group)):
            corrections = [Correction(each, {}) for each in some]
            batch = _batch(type_name, pl.DataFrame(), corrections, Decision("dismiss", actor, note))
            receipt = cycle.receive(batch)[0]
            outcome = outcome.plus(Outcome(len(some), receipt))
    return outcome


def _decide(cycle: Cycle, corrections: Sequence[Correction], decision: Decision) -> Outcome:
    outcome = Outcome()
    for _, group in groupby(sorted(corrections, key=_shape), key=_shape):
        for some in _slices(list(group)):
            outcome = outcome.plus(_commit(cycle, some, decision))
    return outcome


def _commit(cycle: Cycle, corrections: Sequence[Correction], decision: Decision) -> Outcome:
    """Commit corrections that share a type, an action and the JSON types of their fields."""
    type_name = corrections[0].waiting.type
    tried = cycle.cleaned(_batch(type_name, _frame(corrections), corrections, decision))
    reasons = _still_failing(tried)
    failing = tuple((corrections[place].waiting, why) for place, why in sorted(reasons.items()))
    passing = [each for place, each in enumerate(corrections) if place not in reasons]
    if not passing:
        return Outcome(failing=failing)
    receipt = cycle.receive(_batch(type_name, _frame(passing), passing, decision))[0]
    return Outcome(len(passing), receipt, failing)


def _still_failing(cleaned: Cleaned) -> Mapping[int, tuple[Mapping[str, Any], ...]]:
    columns = cleaned.quarantined.select("_record", "reasons").rows()
    return {record: tuple(orjson.loads(reasons)) for record, reasons in columns}


def _failed(waiting: Quarantined) -> tuple[str, ...]:
    return tuple(sorted({str(reason["check"]) for reason in waiting.reasons}))


def _shape(correction: Correction) -> str:
    """Return a key that is equal for records which can share a frame: same type, action, fields and JSON types."""
    record = _record(correction)
    fields = ",".join(f"{name}:{type(value).__name__}" for name, value in sorted(record.items()))
    return f"{correction.waiting.type}|{correction.waiting.action}|{correction.waiting.source}|{fields}"


def _record(correction: Correction) -> dict[str, Any]:
    return {**(correction.waiting.received or {}), **correction.values}


def _frame(corrections: Sequence[Correction]) -> pl.DataFrame:
    records = [_record(each) for each in corrections]
    held = corrections[0].waiting.action == "hold"
    columns: dict[str, Any] = {name: [record.get(name) for record in records] for name in records[0]}
    columns[ROW] = pl.Series([each.waiting.row for each in corrections], dtype=pl.Int64)
    columns[RECORD] = pl.Series(range(len(records)), dtype=pl.Int32)
    if all(each.waiting.id for each in corrections) and ID not in columns:
        columns[ID] = [each.waiting.id for each in corrections]
    if held:
        given = [sorted({*each.waiting.fields, *each.values}) for each in corrections]
        columns[GIVEN] = pl.Series(given, dtype=pl.List(pl.String))
    return pl.DataFrame({name: _typed(values) for name, values in columns.items()})


def _typed(values: "list[Any] | pl.Series") -> pl.Series:
    if isinstance(values, pl.Series):
        return values
    if any(isinstance(value, dict | list) for value in values):
        return pl.Series([None if value is None else orjson.dumps(value).decode() for value in values], dtype=pl.String)
    numeric = all(value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in values)
    if numeric and any(value is not None for value in values):
        return pl.Series(values, dtype=pl.Float64, strict=False)
    return (
        pl.Series(values, strict=False)
        if any(value is not None for value in values)
        else pl.Series(values, dtype=pl.String)
    )


def _batch(type_name: str, frame: pl.DataFrame, corrections: Sequence[Correction], decision: Decision) -> Batch:
    first = corrections[0].waiting
    content = orjson.dumps([_record(each) for each in corrections] if frame.width else [], default=str)
    about = {
        "quarantine": [[each.waiting.seq, each.waiting.record] for each in corrections],
        "note": decision.note,
        "changed": [sorted(each.values) for each in corrections],
        "waived": sorted(decision.waived),
    }
    raw = Raw(content, hashlib.sha256(content).digest())
    part = Part(0, frame.height, first.source, decision.actor, raw, kind=decision.kind, about=about)
    mode = "patch" if frame.width and first.action == "hold" else "replace"
    return Batch(type_name, frame, (part,), mode, profile={"format": "records"}, agency=first.owner,
                 waived=decision.waived)  # fmt: skip


def _slices(items: list[Any]) -> Iterable[list[Any]]:
    for start in range(0, len(items), LARGEST):
        yield items[start : start + LARGEST]
