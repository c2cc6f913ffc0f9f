"""Decisions on quarantined records: `fix`, `release`, `dismiss` (and `replay`) are commits that name what they decide.

`about = {"quarantine": [[seq, record], …], "note": …}`; the pairs stand in the order of the part's own records.
A record that fails again leaves its original open; the attempt is kept as dismissed, so that nothing is lost.
"""

from collections.abc import Sequence

from khue.contract.batch import Part
from khue.contract.errors import Conflict
from khue.ledger.merge_sql import Place
from khue.ledger.statements import template
from khue.ledger.writer import Writer

STATES = {"fix": "fixed", "release": "released", "dismiss": "dismissed", "replay": "replayed"}
NOT_OPEN = template("decide_not_open")
ATTEMPT = template("decide_attempt")
FAILED = "select distinct _record from quarantine_load where _part = $1"
DECIDE = template("decide")


def decide(writer: Writer, place: Place, parts: Sequence[Part]) -> None:
    """Bring quarantine to what the parts decide; call it before the quarantined rows of the batch are written.

    Raises Conflict if a named record is not open: somebody else decided first.
    """
    for number, part in enumerate(parts):
        pairs = [(int(seq), int(record)) for seq, record in part.about.get("quarantine", ())]
        if part.kind in STATES and pairs:
            _require_open(writer, pairs)
            failed = {int(row[0]) for row in writer.rows(FAILED, (number,))}
            if failed:
                writer.run(ATTEMPT, (number,))
            done = _done(pairs, failed, part)
            if done:
                note = str(part.about.get("note", ""))
                writer.run(DECIDE, (*_columns(done), STATES[part.kind], place.first + number, note))


def _require_open(writer: Writer, pairs: Sequence[tuple[int, int]]) -> None:
    wrong = writer.rows(NOT_OPEN, _columns(pairs))
    if wrong:
        seq, record, state = wrong[0]
        raise Conflict(
            f"The record {record} of commit {seq} does not wait any more",
            why=f"it is {state}" if state else "there is none in quarantine",
            todo="read the quarantine again",
        )


def _columns(pairs: Sequence[tuple[int, int]]) -> tuple[list[int], list[int]]:
    return [seq for seq, _ in pairs], [record for _, record in pairs]


def _done(pairs: Sequence[tuple[int, int]], failed: set[int], part: Part) -> list[tuple[int, int]]:
    if not failed:
        return list(pairs)
    if len(pairs) != part.end - part.start:
        return []
    return [pair for record, pair in enumerate(pairs) if record not in failed]
