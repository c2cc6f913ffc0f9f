"""Replay: judge raw bytes again under the present contract, and append what differs. Nothing known is changed."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import polars as pl

from khue.app.opened import Opened
from khue.contract.batch import RECORD, Batch, Part, Raw
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
    on it, or where it was erased. The rest is appended as commits of kind `replay` that name the original.
    """
    contract = house.catalogue.contract(type_name)
    recorded, total = Recorded(house.database), Replayed()
    try:
        for original in recorded.originals(type_name):
            total = _one(house, recorded, contract, original, total)
            said(total)
    finally:
        recorded.close()
    return total


def _one(house: Opened, recorded: Recorded, contract: Contract, original: Original, total: Replayed) -> Replayed:
    batch = _batch(recorded, contract, original, house.catalogue.sources.get(original.source))
    cleaned = house.cycle.cleaned(batch)
    quarantine = recorded.quarantine(original.seq)
    told = _told(cleaned, recorded.latest(cleaned), quarantine, original)
    total = replace(
        total,
        commits=total.commits + 1,
        judged=total.judged + batch.frame.height,
        superseded=total.superseded + told.superseded,
        differing=total.differing + len(told.waiting) + len(told.others),
    )
    for records, waiting in ((told.waiting, True), (told.others, False)):
        for start in range(0, len(records), LARGEST):
            some = records[start : start + LARGEST]
            receipt = house.cycle.receive(_chosen(batch, original, some, waiting=waiting))[0]
            total = replace(total, receipt=total.receipt.plus(receipt))
    return total


@dataclass(frozen=True, slots=True)
class _Told:
    """Records whose outcome differs: those that wait in quarantine, and the others."""

    waiting: list[int]
    others: list[int]
    superseded: int


def _told(cleaned: Cleaned, latest: pl.DataFrame, quarantine: pl.DataFrame, original: Original) -> _Told:
    rows = cleaned.rows.join(latest, left_on="_record", right_on="_of_record", how="left")
    states: Mapping[int, tuple[str, str]] = {record: (action, state) for record, action, state in quarantine.rows()}
    waiting = {record for record, (_, state) in states.items() if state == "open"}
    decided = set(states) - waiting
    rejected = {record for record in waiting if states[record][0] == "reject"}
    mine = ((pl.col("_now_seq") == original.seq) & (pl.col("_now_record") == pl.col("_record"))) | (
        (pl.col("_now_kind") == "replay") & (pl.col("_now_of") == original.seq)
    )
    before = pl.col("_record").is_in(list(rejected)) & (
        pl.col("_now_seq").is_null() | (pl.col("_now_seq") < original.seq)
    )
    open_to_change = ~pl.col("_record").is_in(list(decided)) & (mine.fill_null(value=False) | before)
    changed = rows.filter(open_to_change & (_differs(cleaned) | before))["_record"].to_list()
    left = rows.filter(~open_to_change).height
    now_rejected = cleaned.quarantined.filter(pl.col("action") == "reject")["_record"].to_list()
    fresh = [record for record in now_rejected if record not in states]
    return _Told(
        [r for r in changed if r in waiting], sorted({*(r for r in changed if r not in waiting), *fresh}), left
    )


def _differs(cleaned: Cleaned) -> pl.Expr:
    """Return whether a row would read otherwise: values, place, what is held, or the row checks that it failed."""
    judged = [check.name for check in cleaned.contract.judgements]
    given = pl.col("_given") if cleaned.batch.mode == "patch" else None
    parts = [
        pl.col("_held").list.sort() != pl.col("_now_held").list.sort(),
        pl.col("_flags").list.sort() != pl.col("_now_flags").list.set_difference(judged).list.sort(),
        *(pl.col(name).ne_missing(pl.col(f"_now{name}")) for name in ("_x", "_y", "_area")),
    ]
    for name in cleaned.contract.by_name:
        other = pl.col(name).ne_missing(pl.col(f"_now.{name}").cast(cleaned.rows.schema[name]))
        parts.append(other if given is None else other & given.list.contains(name))
    return pl.any_horizontal(parts).fill_null(value=True)


def _batch(recorded: Recorded, contract: Contract, original: Original, source: Source | None) -> Batch:
    content = recorded.raw(original.raw_seq)
    frame = decode_again(content, original.profile, source, contract)
    raw = Raw(content, hashlib.sha256(content).digest(), of=original.raw_seq)
    part = Part(0, frame.height, original.source, original.actor, raw, kind="replay", about={"of": original.seq})
    mode = "patch" if original.mode == "patch" else "replace"
    if source is None:
        return Batch(contract.type, frame, (part,), mode, profile=original.profile)
    headings = {name: heading for heading, name in source.columns.items()}
    return Batch(
        contract.type, frame, (part,), mode, headings, original.profile, source.agency, source.units, source.blank
    )


def _chosen(batch: Batch, original: Original, records: list[int], *, waiting: bool) -> Batch:
    frame = batch.frame.filter(pl.col(RECORD).is_in(records))
    frame = frame.with_columns(pl.int_range(pl.len(), dtype=pl.Int32).alias(RECORD))
    about: dict[str, object] = {"of": original.seq, "records": records}
    if waiting:
        about["quarantine"] = [[original.seq, record] for record in records]
    part = replace(batch.parts[0], end=frame.height, about=about)
    return replace(batch, frame=frame, parts=(part,))
