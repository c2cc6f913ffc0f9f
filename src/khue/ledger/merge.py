"""Under the lock: what says nothing new is marked, the rest is judged and goes to history, state and quarantine."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from khue.contract.check import DIMENSIONS
from khue.contract.cleaned import Cleaned
from khue.contract.errors import Refused
from khue.ledger.decide import decide
from khue.ledger.judge import Judge, Setting
from khue.ledger.merge_sql import Place, Statements
from khue.ledger.parts import segments
from khue.ledger.patch_sql import patch_statements
from khue.ledger.rejects import quarantine_rejects
from khue.ledger.statements import fill, literal
from khue.ledger.writer import Writer

EMPTY_DIGEST = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")  # SHA-256 of nothing
AGAIN = ("fix", "release", "replay")  # kinds of commits about records that the ledger has
MOST_SEGMENTS = 200  # times that a patch batch may meet an entity again


@dataclass(slots=True)
class Tally:
    """What became of the records of one part."""

    clean: int = 0
    flagged: int = 0
    held: int = 0
    rejected: int = 0
    unchanged: int = 0
    checks: Counter[str] = field(default_factory=Counter[str])
    dimensions: Counter[str] = field(default_factory=Counter[str])
    rows_digest: bytes = EMPTY_DIGEST


@dataclass(frozen=True, slots=True)
class Staged:
    """What stands in the temporary tables, and what it is known to hold.

    `repeats`: an id comes twice; `twins`: even at one moment; `patch`: rows give only some of their columns.
    """

    cleaned: Cleaned
    rows: int
    quarantined: int
    repeats: bool
    twins: bool
    patch: bool
    flagged: bool


def merge(writer: Writer, sql: Statements, place: Place, staged: Staged) -> list[Tally]:
    """Merge the staged rows and return what became of each part."""
    parts = staged.cleaned.batch.parts
    tallies = [Tally() for _ in parts]
    if staged.quarantined:
        _mark_known(writer, sql, staged)
    rejected, judged = 0, False
    for here in _places(place, staged):
        judge = _judge(sql, here, staged)
        rejected += _merge_rows(writer, sql, here, staged, judge)
        judged = judged or bool(judge)
    if rejected:
        quarantine_rejects(writer, sql, _judge(sql, place, staged), staged.cleaned)
    decide(writer, place, parts)
    if staged.quarantined or rejected:
        _quarantine(writer, sql, place, staged, tallies)
    if staged.rows:
        count_rows(writer, sql, tallies, flagged=staged.flagged or judged or staged.patch)
    return tallies


def _judge(sql: Statements, place: Place, staged: Staged) -> Judge:
    batch = staged.cleaned.batch
    again = all(part.kind in AGAIN for part in batch.parts)
    return Judge(sql, Setting(place, batch.promised, staged.twins, place.within, again, batch.waived))


def _places(place: Place, staged: Staged) -> list[Place]:
    """Return the ranges to merge one after the other: one, but a patch may meet an entity only once in each."""
    if not staged.rows:
        return []
    if not (staged.patch and staged.repeats):
        return [place]
    records = staged.cleaned.rows["_record"].to_list()
    ranges = segments(staged.cleaned.rows["_id"])
    if len(ranges) > MOST_SEGMENTS:
        raise Refused(
            "A patch names the same entities too often", why=f"{len(ranges)} times", todo="send smaller batches"
        )
    return [replace(place, within=f"_order between {records[a]} and {records[b - 1]}") for a, b in ranges]


def _merge_rows(writer: Writer, sql: Statements, place: Place, staged: Staged, judge: Judge) -> int:
    if staged.patch:
        for statement in patch_statements(sql, place.within):
            writer.run(statement)
    twins = staged.twins if sql.contract.kind == "measure" else staged.repeats
    replayed = all(part.kind == "replay" for part in staged.cleaned.batch.parts)
    if not replayed:  # a replay's values may be the same, and their verdict another
        writer.run(sql.unchanged(place, repeats=twins))
    rejected = 0
    if judge:
        writer.run(judge.judge())
        while judge.rejecting and (found := len(writer.rows(judge.reject()))):
            rejected += found
            if not replayed:
                writer.run(sql.unchanged(place, repeats=twins))
            writer.run(judge.judge())
        if judge.rejecting:
            writer.run(judge.settle())
    writer.run(sql.history(place))
    writer.run(sql.state(place, repeats=staged.repeats))
    return rejected


def count_rows(writer: Writer, sql: Statements, tallies: Sequence[Tally], *, flagged: bool) -> None:
    """Add what became of the staged rows to the tallies of their parts; `flagged` = some may have flags."""
    for part, clean, flags, held, unchanged, *rest in writer.rows(sql.tally()):
        tally = tallies[part]
        tally.clean, tally.flagged, tally.held = clean, flags, held
        tally.unchanged += unchanged
        tally.dimensions.update(dict(zip(DIMENSIONS, rest, strict=False)))
        tally.rows_digest = bytes(rest[-1])
    if flagged and any(tally.flagged or tally.held for tally in tallies):
        for part, name, failed in writer.rows(sql.tally_checks()):
            tallies[part].checks[name] += failed


def _mark_known(writer: Writer, sql: Statements, staged: Staged) -> None:
    """Mark as unchanged the rows with a field held that wait already, or were decided."""
    # What fills the tables of a new major version is new there, however long it has waited.
    filling = {number for number, part in enumerate(staged.cleaned.batch.parts) if "from" in part.about}
    held = [order for order, part, action in _known(writer, sql, staged) if action == "hold" and part not in filling]
    if held and staged.rows:
        writer.run(fill("unchanged_held", orders=",".join(map(str, held)), **sql.places))


def _quarantine(writer: Writer, sql: Statements, place: Place, staged: Staged, tallies: Sequence[Tally]) -> None:
    known = _known(writer, sql, staged)
    listed = "{" + ",".join(str(order) for order, _, _ in known) + "}"
    writer.run(
        fill(
            "quarantine_insert",
            first=place.first,
            recorded_at=place.recorded_at,
            type=literal(sql.contract.type),
            version=literal(sql.contract.version),
            known=listed,
        )
    )
    for _, part, action in known:
        tallies[part].unchanged += action == "reject"
    for part, unchanged, count, *passed in writer.rows(fill("tally_rejected", known=listed)):
        tallies[part].rejected += count - unchanged
        tallies[part].dimensions.update(dict(zip(DIMENSIONS, passed, strict=True)))
    for part, name, failed in writer.rows(fill("tally_rejected_checks", known=listed)):
        tallies[part].checks[name] += failed


def _known(writer: Writer, sql: Statements, staged: Staged) -> list[tuple[int, int, str]]:
    """Return the quarantined records that are known; a decision is never taken for the record that it decides on."""
    kinds = [part.kind for part in staged.cleaned.batch.parts]
    found = writer.rows(fill("quarantine_known", type=literal(sql.contract.type)))
    return [(order, part, action) for order, part, action in found if kinds[part] not in AGAIN]
