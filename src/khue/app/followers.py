"""The followers of the log that the worker runs. Each concludes batches, which go the one way in."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import orjson
import polars as pl

from khue.app.opened import Opened
from khue.contract.batch import GIVEN, RECORD, ROW, Batch, Part, Raw
from khue.contract.contract import Contract
from khue.contract.errors import KhueError, TryAgain
from khue.ledger.follow import Followed, advance, after, conclude, cursor, fail

Say = Callable[[str], None]
Handle = Callable[[Followed], "Batch | None"]


@dataclass(frozen=True, slots=True)
class Follower:
    """Who reads which types of the log, and what it concludes from one commit (None: nothing)."""

    name: str
    types: tuple[str, ...]
    handle: Handle


def follow(house: Opened, follower: Follower, say: Say) -> int:
    """Handle every commit that the follower has not seen; return how many. Its cursor moves with its conclusions.

    A follower that fails three times on one commit stops there until `khue doctor`'s advice is followed.
    """
    found = after(house.ledger, follower.name, follower.types)
    for commit in found:
        try:
            batch = follower.handle(commit)
            if batch is not None:
                conclude(house.ledger, follower.name, commit.seq, house.cycle.cleaned(batch))
        except TryAgain:  # nothing is wrong with the commit: the database restarts, or a contract has just changed
            house.cycle.renew()
            raise
        except KhueError as error:
            stopped = fail(house.ledger, follower.name, commit.seq, error.sentence())
            say(f"{follower.name}: commit {commit.seq}: {error.sentence()}" + (" Stopped." if stopped else ""))
            return 0
    if found and cursor(house.ledger, follower.name).seq < found[-1].seq:
        advance(house.ledger, follower.name, found[-1].seq)
    return len(found)


def followers(house: Opened) -> Sequence[Follower]:
    """Return the followers that the catalogue's contracts ask for."""
    return [
        Follower(f"learn_{contract.type}_{name}", (contract.type,), _learner(house, contract, name))
        for contract in house.catalogue.contracts.values()
        for name, prop in contract.by_name.items()
        if prop.reference and _learns(house, contract, name)
    ]


def _learns(house: Opened, contract: Contract, name: str) -> bool:
    """Whether values that the master data lacks become entries of it: for soft references, which no check holds."""
    reference = contract.by_name[name].reference
    master = house.catalogue.contracts.get(reference.type) if reference else None
    if master is None or reference is None:
        return False
    checked = any(check.kind == "reference" and check.field == name for check in contract.checks)
    needs = {prop.name for prop in master.properties if prop.required}
    return master.kind == "register" and not checked and needs <= {reference.property}


def _learner(house: Opened, contract: Contract, name: str) -> Handle:
    reference = contract.by_name[name].reference

    def learn(commit: Followed) -> Batch | None:
        values = house.frames.unknown(contract, name, commit.seq)
        if reference is None or not values:
            return None
        return _entries(reference.type, reference.property, values, commit)

    return learn


def _entries(master: str, key: str, values: Sequence[str], commit: Followed) -> Batch:
    content = orjson.dumps([{key: value} for value in values])
    frame = pl.DataFrame(
        {
            RECORD: pl.int_range(len(values), dtype=pl.Int32, eager=True),
            ROW: pl.int_range(1, len(values) + 1, dtype=pl.Int64, eager=True),
            key: list(values),
            # Only the name is said, so that nothing is lost of an entry that somebody made meanwhile.
            GIVEN: [[key]] * len(values),
        }
    )
    raw = Raw(content, hashlib.sha256(content).digest())
    part = Part(0, len(values), "khue:learned", "khue", raw, kind="conclusion", about={"of": commit.seq})
    return Batch(master, frame, (part,), "patch", profile={"format": "records"})
