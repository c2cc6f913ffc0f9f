"""Following the log: a cursor for each follower, moved in the transaction of what the follower concluded."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from khue.contract.cleaned import Cleaned
from khue.contract.receipt import Receipt
from khue.ledger.commit import Ledger
from khue.ledger.statements import template
from khue.ledger.writer import Writer

MOST = 1_000  # commits that a follower reads at a time
LAST_FAILURE = 3  # a follower that raises so often on one commit stops there

AFTER = template("follow/after")
CURSOR = "select seq, failures, failed_seq, note from khue.cursor where follower = $1"
MOVE = template("follow/move")
FAIL = template("follow/fail")
RESUME = template("follow/resume")


@dataclass(frozen=True, slots=True)
class Followed:
    """One commit as a follower gets it."""

    seq: int
    recorded_at: datetime
    type: str
    kind: str
    source: str
    actor: str
    counts: Mapping[str, Any]
    about: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a follower stands; `stopped` says that it raised three times on `failed_seq` and waits for a person."""

    seq: int = 0
    failures: int = 0
    failed_seq: int | None = None
    note: str = ""

    @property
    def stopped(self) -> bool:
        """Whether the follower is given nothing more until `resume`."""
        return self.failures >= LAST_FAILURE


def cursor(ledger: Ledger, follower: str) -> Cursor:
    """Return where a follower stands; one that is new stands before the first commit."""
    with ledger.writers.writer() as writer:
        found = writer.rows(CURSOR, (follower,))
        writer.rollback()
    return Cursor(*found[0]) if found else Cursor()


def after(ledger: Ledger, follower: str, types: Sequence[str], limit: int = MOST) -> list[Followed]:
    """Return the next commits of the types for a follower, in order; none while it is stopped.

    The order of seq is the order of visibility, so that a cursor never skips. No types means all.
    """
    stand = cursor(ledger, follower)
    if stand.stopped:
        return []
    with ledger.writers.writer() as writer:
        found = writer.rows(AFTER, (stand.seq, list(types), follower, min(limit, MOST)))
        writer.rollback()
    return [
        Followed(seq, recorded_at, type_name, kind, source, actor, json.loads(counts), json.loads(about))
        for seq, recorded_at, type_name, kind, source, actor, counts, about in found
    ]


def advance(ledger: Ledger, follower: str, seq: int) -> None:
    """Move a cursor where nothing was concluded: no commit is made. At most once a second is enough."""
    with ledger.writers.writer() as writer:
        writer.run(MOVE, (follower, seq))
        writer.commit()


def conclude(ledger: Ledger, follower: str, seq: int, conclusions: Cleaned) -> list[Receipt]:
    """Commit what a follower concluded from the log up to `seq`, and move its cursor in the same transaction.

    The commits carry the follower's name in `about`, so that it never gets them itself. A conclusion that fails
    cleaning is in quarantine; the cursor moves.
    """
    batch = conclusions.batch
    parts = tuple(
        replace(part, kind="conclusion", about={**part.about, "follower": follower, "after": seq})
        for part in batch.parts
    )
    conclusions = replace(conclusions, batch=replace(batch, parts=parts))

    def move(writer: Writer) -> None:
        writer.run(MOVE, (follower, seq))

    receipts = ledger.commit(conclusions, also=move)
    if all(receipt.again for receipt in receipts):
        advance(ledger, follower, seq)  # concluded before: nothing was written, and so the cursor did not move with it
    return receipts


def fail(ledger: Ledger, follower: str, seq: int, note: str) -> bool:
    """Count that a follower raised on a commit; return whether it is stopped there now."""
    with ledger.writers.writer() as writer:
        failures = int(writer.rows(FAIL, (follower, seq, note))[0][0])
        writer.commit()
    return failures >= LAST_FAILURE


def resume(ledger: Ledger, follower: str, seq: int | None = None) -> None:
    """Let a stopped follower go on: at the commit where it failed, or after `seq`."""
    with ledger.writers.writer() as writer:
        writer.run(RESUME, (follower, seq))
        writer.commit()
