"""What an owner decides on records that wait: fix, release, dismiss. Each decision is a commit."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

import orjson
import polars as pl

from khue.app.cycle import Cycle
from khue.app.received import frame_of, record_of
from khue.clean.entity_id import key_properties
from khue.contract.batch import GIVEN, ID, RECORD, ROW, Batch, Kind, Part, Raw
from khue.contract.cleaned import Cleaned
from khue.contract.commit import Quarantined
from khue.contract.contract import Contract
from khue.contract.errors import Refused
from khue.contract.receipt import Receipt
from khue.contract.source import Source

LARGEST = 5_000  # records decided in one commit
OFTENEST = 100  # records of one entity in one commit: a patch meets an entity once at a time
Reasons = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Correction:
    """New values (property → text or JSON value) for one waiting record."""

    waiting: Quarantined
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a decision: how many records it settled, and which still fail, with their reasons.

    `refused` are commits in which judging rejected some records, with the records that they decided on, in order.
    """

    settled: int = 0
    receipt: Receipt = Receipt()
    failing: tuple[tuple[Quarantined, Reasons], ...] = ()
    refused: tuple[tuple[int, tuple[Quarantined, ...]], ...] = ()

    def plus(self, other: "Outcome") -> "Outcome":
        """Return both outcomes as one."""
        return Outcome(
            self.settled + other.settled,
            self.receipt.plus(other.receipt),
            self.failing + other.failing,
            self.refused + other.refused,
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decides what on waiting records, and why."""

    kind: Kind
    actor: str
    note: str = ""
    waived: frozenset[str] = field(default_factory=frozenset[str])


@dataclass(frozen=True, slots=True)
class Mending:
    """Makes decisions: `cycle` takes them in, `sources` say how their records were written (zone, order, units)."""

    cycle: Cycle
    sources: Mapping[str, Source]

    def fix(self, corrections: Sequence[Correction], actor: str, note: str = "") -> Outcome:
        """Judge the corrected records again; commit those that pass, and report those that still fail."""
        for each in corrections:
            _require_same_record(self.cycle.contract(each.waiting.type), each)
        return self._decide(corrections, Decision("fix", actor, note))

    def release(self, waiting: Sequence[Quarantined], actor: str, note: str = "") -> Outcome:
        """Commit the records as they were sent: a person has confirmed that the values are right.

        What cannot be read, identified or dated cannot be confirmed either, and still fails.
        """
        outcome = Outcome()
        for names, group in groupby(sorted(waiting, key=self._waivable), key=self._waivable):
            decision = Decision("release", actor, note, frozenset(names))
            outcome = outcome.plus(self._decide([Correction(each, {}) for each in group], decision))
        return outcome

    def dismiss(self, waiting: Sequence[Quarantined], actor: str, note: str) -> Outcome:
        """Put the records aside for good, with the reason; what was held or rejected stays out of the record."""
        if not note.strip():
            raise Refused("A reason is needed", where="dismiss", todo="say why the records are put aside")
        outcome = Outcome()
        for _, group in groupby(sorted(waiting, key=_origin), key=_origin):
            for some in _slices([Correction(each, {}) for each in group]):
                batch = self._batch(some, pl.DataFrame(), Decision("dismiss", actor, note))
                outcome = outcome.plus(Outcome(len(some), self.cycle.receive(batch)[0]))
        return outcome

    def _waivable(self, waiting: Quarantined) -> tuple[str, ...]:
        checks = self.cycle.contract(waiting.type).checks_by_name
        failed = {str(reason["check"]) for reason in waiting.reasons}
        return tuple(sorted(name for name in failed if name in checks and checks[name].kind != "type"))

    def _decide(self, corrections: Sequence[Correction], decision: Decision) -> Outcome:
        outcome = Outcome()
        for _, group in groupby(sorted(corrections, key=_shape), key=_shape):
            for some in _slices(list(group)):
                outcome = outcome.plus(self._commit(some, decision))
        return outcome

    def _commit(self, corrections: Sequence[Correction], decision: Decision) -> Outcome:
        """Commit corrections that share a type, a source, an action and the JSON types of their fields."""
        tried = self.cycle.cleaned(self._batch(corrections, self._frame(corrections), decision))
        reasons = _still_failing(tried)
        failing = tuple((corrections[place].waiting, why) for place, why in sorted(reasons.items()))
        passing = [each for place, each in enumerate(corrections) if place not in reasons]
        if not passing:
            return Outcome(failing=failing)
        receipt = self.cycle.receive(self._batch(passing, self._frame(passing), decision))[0]
        refused = ((receipt.first or 0, tuple(each.waiting for each in passing)),) if receipt.rejected else ()
        return Outcome(len(passing) - receipt.rejected, receipt, failing, refused)

    def _frame(self, corrections: Sequence[Correction]) -> pl.DataFrame:
        contract = self.cycle.contract(corrections[0].waiting.type)
        frame = frame_of([_record(each) for each in corrections], contract)
        count = pl.int_range(len(corrections), dtype=pl.Int32, eager=True)
        columns = [count.alias(RECORD), pl.Series(ROW, [each.waiting.row for each in corrections], dtype=pl.Int64)]
        if ID not in frame.columns and all(each.waiting.id for each in corrections) and not contract.is_draft:
            columns += [pl.Series(ID, [each.waiting.id for each in corrections])] if _held(corrections) else []
        if _held(corrections):
            given = [sorted({*each.waiting.fields, *each.values}) for each in corrections]
            columns.append(pl.Series(GIVEN, given, dtype=pl.List(pl.String)))
        return frame.with_columns(columns)

    def _batch(self, corrections: Sequence[Correction], frame: pl.DataFrame, decision: Decision) -> Batch:
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
        mode = "patch" if frame.width and _held(corrections) else "replace"
        source = self.sources.get(first.source)
        profile: dict[str, Any] = {"format": "records"}
        made = Batch(
            first.type, frame, (part,), mode, _headings(corrections, source), profile, first.owner,
            waived=decision.waived,
        )  # fmt: skip
        if source is None:
            return made
        profile |= {"date_order": source.date_order, "zone": source.zone}
        return replace(made, units=source.units, blank=source.blank)


def _headings(corrections: Sequence[Correction], source: Source | None) -> dict[str, str]:
    """Return property → heading: as the source declares it, else as the reasons name it."""
    reasons = [reason for each in corrections for reason in each.waiting.reasons]
    told = {str(reason["field"]): str(reason["column"]) for reason in reasons if reason["field"] and reason["column"]}
    return {**told, **({name: heading for heading, name in source.columns.items()} if source else {})}


def _require_same_record(contract: Contract, correction: Correction) -> None:
    """Refuse to make another record of one that stands already, but for its held values."""
    rests_on = {*key_properties(contract.key), contract.observed_at}
    changed = rests_on & correction.values.keys()
    if correction.waiting.action == "hold" and changed:
        raise Refused(
            f"{', '.join(sorted(map(str, changed)))} says which record this is",
            why="the record stands already; only the values that are held wait",
            todo="dismiss it with the reason, and send the right record",
        )


def _still_failing(cleaned: Cleaned) -> Mapping[int, Reasons]:
    columns = cleaned.quarantined.select("_record", "reasons").rows()
    return {record: tuple(orjson.loads(reasons)) for record, reasons in columns}


def _origin(waiting: Quarantined) -> tuple[str, str, str]:
    return waiting.type, waiting.source, waiting.owner


def _shape(correction: Correction) -> str:
    """Return a key that is equal for records which can share a frame: same type, action, fields and JSON types."""
    record = _record(correction)
    fields = ",".join(f"{name}:{type(value).__name__}" for name, value in sorted(record.items()))
    return "|".join((*_origin(correction.waiting), correction.waiting.action, fields))


def _record(correction: Correction) -> dict[str, Any]:
    return record_of(correction.waiting, correction.values)


def _held(corrections: Sequence[Correction]) -> bool:
    return corrections[0].waiting.action == "hold"


def _slices(corrections: Sequence[Correction]) -> Iterable[list[Correction]]:
    """Cut into commits: at most LARGEST records, and of one entity at most OFTENEST, a round of each after another."""
    rounds: dict[int, list[tuple[int, Correction]]] = {}
    seen: Counter[str | None] = Counter()
    for each in corrections:
        number = seen[each.waiting.id]
        seen[each.waiting.id] += 1
        rounds.setdefault(number // OFTENEST, []).append((number, each))
    for _, some in sorted(rounds.items()):
        ordered = [each for _, each in sorted(some, key=lambda pair: pair[0])]
        yield from (ordered[start : start + LARGEST] for start in range(0, len(ordered), LARGEST))
