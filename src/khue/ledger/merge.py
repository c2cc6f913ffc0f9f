"""Under the lock: what says nothing new is marked, the rest is judged and goes to history, state and quarantine."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from khue.contract.check import DIMENSIONS
from khue.ledger.merge_sql import Place, Statements
from khue.ledger.statements import fill, literal
from khue.ledger.writer import Writer

EMPTY_DIGEST = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")  # SHA-256 of nothing


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
    """What stands in the temporary tables: the kinds of the parts, and what the frames are known to hold."""

    kinds: tuple[str, ...]
    rows: int
    quarantined: int
    repeats: bool
    twins: bool
    flagged: bool


def merge(writer: Writer, sql: Statements, place: Place, staged: Staged) -> list[Tally]:
    """Merge the staged rows and return what became of each part."""
    tallies = [Tally() for _ in staged.kinds]
    if staged.quarantined:
        _quarantine(writer, sql, place, staged, tallies)
    if staged.rows:
        writer.run(sql.unchanged(place, repeats=staged.twins if sql.contract.kind == "measure" else staged.repeats))
        writer.run(sql.history(place))
        writer.run(sql.state(place, repeats=staged.repeats))
        _count_rows(writer, sql, staged, tallies)
    return tallies


def _count_rows(writer: Writer, sql: Statements, staged: Staged, tallies: Sequence[Tally]) -> None:
    for part, clean, flagged, held, unchanged, *rest in writer.rows(sql.tally()):
        tally = tallies[part]
        tally.clean, tally.flagged, tally.held = clean, flagged, held
        tally.unchanged += unchanged
        tally.dimensions.update(dict(zip(DIMENSIONS, rest, strict=False)))
        tally.rows_digest = bytes(rest[-1])
    if staged.flagged:
        for part, name, failed in writer.rows(sql.tally_checks()):
            tallies[part].checks[name] += failed


def _quarantine(writer: Writer, sql: Statements, place: Place, staged: Staged, tallies: Sequence[Tally]) -> None:
    """Put into quarantine what is not there already; a known record with a field held is unchanged as a row too."""
    contract = sql.contract
    known = _known(writer, contract.type, staged)
    listed = ",".join(str(order) for order, _, action in known)
    held = ",".join(str(order) for order, _, action in known if action == "hold")
    if held:
        writer.run(fill("unchanged_held", orders=held, **sql.places))
    writer.run(
        fill(
            "quarantine_insert",
            first=place.first,
            recorded_at=place.recorded_at,
            type=literal(contract.type),
            version=literal(contract.version),
            known="{" + listed + "}",
        )
    )
    for _, part, action in known:
        tallies[part].unchanged += action == "reject"
    _count_rejected(writer, "{" + listed + "}", tallies)


def _known(writer: Writer, type_name: str, staged: Staged) -> list[tuple[int, int, str]]:
    """A decision on quarantine is never taken for the record that it decides on."""
    found = writer.rows(fill("quarantine_known", type=literal(type_name)))
    return [row for row in found if staged.kinds[row[1]] not in ("fix", "release")]


def _count_rejected(writer: Writer, known: str, tallies: Sequence[Tally]) -> None:
    for part, unchanged, count, *passed in writer.rows(fill("tally_rejected", known=known)):
        tallies[part].rejected += count - unchanged
        tallies[part].dimensions.update(dict(zip(DIMENSIONS, passed, strict=True)))
    for part, name, failed in writer.rows(fill("tally_rejected_checks", known=known)):
        tallies[part].checks[name] += failed
