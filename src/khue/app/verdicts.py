"""What a replay finds: which records of one commit the present contract judges otherwise than they stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from khue.clean.entity_id import key_properties
from khue.contract.cleaned import Cleaned
from khue.contract.contract import Contract
from khue.ledger.recorded import Waited

DECIDED = ("fixed", "released", "dismissed")  # by a person, whose word wins over every replay
Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Before:
    """What became of a commit's records until now, by record: open quarantine entries, and those of decided ones.

    `replays` are the commits that replayed it: seq → the original's record that each of its own is. `aside`: its rows
    lie in the tables of another major version, and those of the present one are to be filled.
    """

    seq: int
    replays: Mapping[int, Sequence[int]] = field(default_factory=dict[int, Sequence[int]])
    waiting: Mapping[int, Waited] = field(default_factory=dict[int, Waited])
    decided: frozenset[int] = frozenset()
    aside: bool = False

    def origin(self, seq: int | None, record: int | None, of: int | None) -> Pair:
        """Return the original commit and record that a version goes back to; (0, -1) where there is no version."""
        if seq is None or record is None:
            return 0, -1
        if seq in self.replays:
            return self.seq, self.replays[seq][record]
        return (of, -1) if of is not None else (seq, record)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The records that differ: `enter` are appended as they read now, `withdraw` as rows whose values are held."""

    enter: tuple[int, ...]
    withdraw: tuple[int, ...]
    left: int


def before(seq: int, replays: Mapping[int, Sequence[int]], waited: Sequence[Waited], *, aside: bool = False) -> Before:
    """Return what became of a commit's records, from the quarantine of itself and of its replays."""
    waiting: dict[int, Waited] = {}
    last: dict[int, Waited] = {}
    for one in waited:
        record = one.record if one.seq == seq else replays[one.seq][one.record]
        last[record] = one
        if one.state == "open":
            waiting[record] = one
    decided = {record for record, one in last.items() if _is_decided(one, aside=aside) and record not in waiting}
    return Before(seq, replays, waiting, frozenset(decided), aside)


def _is_decided(one: Waited, *, aside: bool) -> bool:
    """Whether a person's word stands for the record; the rest of a row whose held value was dismissed is data still."""
    return one.state in DECIDED and not (aside and one.action == "hold" and one.state == "dismissed")


def verdicts(cleaned: Cleaned, latest: pl.DataFrame, past: Before) -> Verdicts:
    """Return which accepted records enter, and how many were left to later word or a person's decision."""
    rows = cleaned.rows.join(latest, left_on="_record", right_on="_of_record", how="left")
    names = ("_record", "_now_seq", "_now_record", "_now_kind", "_now_of")
    differing = rows.select(_differs(cleaned)).to_series().to_list()
    enter: list[int] = []
    left = 0
    for (record, *now), differs in zip(rows.select(names).iter_rows(), differing, strict=True):
        standing = _origin(past, now)
        if record in past.decided:
            left += 1
        elif standing == (past.seq, record):
            if differs:
                enter.append(record)
        elif standing < (past.seq, record) and (past.aside or _may_enter(past.waiting.get(record), cleaned.contract)):
            enter.append(record)
        else:
            left += 1
    return Verdicts(tuple(enter), (), left)


def withdrawn(tolerant: Cleaned, latest: pl.DataFrame, past: Before) -> tuple[int, ...]:
    """Return the rejected records whose row still stands with values; `tolerant` is cleaned with every check waived."""
    names = ("_record", "_now_seq", "_now_record", "_now_kind", "_now_of", "_now_held")
    rows = tolerant.rows.select("_record").join(latest, left_on="_record", right_on="_of_record", how="inner")
    found: list[int] = []
    for record, *now, held in rows.select(names).iter_rows():
        stands = _origin(past, now) == (past.seq, record) and record not in past.decided
        if stands and set(held or ()) != set(holdable(tolerant.contract)):
            found.append(record)
    return tuple(found)


def holdable(contract: Contract) -> tuple[str, ...]:
    """Return the properties that can be held: all but those that a record's identity and time rest on."""
    rests_on = {*key_properties(contract.key), contract.observed_at}
    return tuple(name for name in contract.by_name if name not in rests_on)


def _origin(past: Before, now: Sequence[object]) -> Pair:
    seq, record, kind, of = now
    replayed = of if kind == "replay" and isinstance(of, int) else None
    return past.origin(_whole(seq), _whole(record), replayed)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _may_enter(waits: Waited | None, contract: Contract) -> bool:
    """Whether a rejected record is judged again: not where what looks at other rows rejected it under this contract."""
    if waits is None or waits.action != "reject":
        return False
    judged = {check.name for check in contract.judgements}
    return waits.version != contract.version or not set(waits.checks) <= judged


def _differs(cleaned: Cleaned) -> pl.Expr:
    """Return whether a row would read otherwise: values, place, what is held, or the row checks that it failed."""
    judged = [check.name for check in cleaned.contract.judgements]
    given = pl.col("_given") if cleaned.batch.mode == "patch" else None
    parts = [
        pl.col("_held").list.sort() != pl.col("_now_held").list.sort(),
        pl.col("_flags").list.sort() != pl.col("_now_flags").list.set_difference(judged).list.sort(),
        *(pl.col(name).ne_missing(pl.col(f"_now{name}")) for name in ("_x", "_y", "_area")),
    ]
    if given is not None:  # a patch speaks of what it gives; the rest of the row has other causes
        parts = [(pl.col("_held").list.set_difference("_now_held").list.len() > 0)]
        parts.append(pl.col("_now_held").list.set_difference("_held").list.set_intersection("_given").list.len() > 0)
    for name in cleaned.contract.by_name:
        other = pl.col(name).ne_missing(pl.col(f"_now.{name}").cast(cleaned.rows.schema[name]))
        parts.append(other if given is None else other & given.list.contains(name))
    return pl.any_horizontal(parts).fill_null(value=True).alias("differs")
