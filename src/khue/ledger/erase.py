"""Forgetting: content goes, digests stay, and a commit of kind "erase" says who, why, what and under which law.

Rows of history, state and quarantine go; the raw bytes of every commit that held one of them are dropped whole, other
people's records in them included, because a rewritten file would no longer be what was received.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from khue.contract.batch import Part, Raw
from khue.contract.contract import Contract
from khue.contract.errors import Refused
from khue.contract.receipt import Receipt
from khue.ledger.chain import canonical
from khue.ledger.commit import Ledger
from khue.ledger.head import lock
from khue.ledger.merge import Tally
from khue.ledger.refold import refold
from khue.ledger.statements import fill, literal, quoted
from khue.ledger.write_log import Said, compressed, write_log
from khue.ledger.writer import Writer


@dataclass(frozen=True, slots=True)
class _Meant:
    """What goes: conditions over history and quarantine, how the commit calls it, commits whose raw bytes go too."""

    rows: str
    waiting: str
    what: Mapping[str, Any]
    raw: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Warrant:
    """Who erases, why, and under which law: written into the commit."""

    actor: str
    why: str
    law: str


def erase_entities(ledger: Ledger, contract: Contract, ids: Sequence[str], warrant: Warrant) -> Receipt:
    """Forget entities: every version, what stands, what waits, and the raw bytes that they came in.

    The commit names the ids by their digests alone. Raises Refused where law or reason is empty.
    """
    listed = "(" + ", ".join(map(literal, ids)) + ")"
    what = {"ids": [hashlib.sha256(name.encode()).hexdigest() for name in ids]}
    return _erase(ledger, contract, _Meant(f"_id in {listed}", f"id in {listed}", what), warrant)


def erase_commit(ledger: Ledger, contract: Contract, seq: int, warrant: Warrant) -> Receipt:
    """Forget what one commit brought; state falls back to the versions that remain."""
    return _erase(ledger, contract, _Meant(f"_seq = {seq}", f"seq = {seq}", {"commit": seq}, (seq,)), warrant)


def erase_older(ledger: Ledger, contract: Contract, before_seq: int, warrant: Warrant) -> Receipt:
    """Forget the versions recorded before a commit, but those that still stand."""
    state = quoted("state", contract.type)
    standing = f"exists (select from {state} s where s._id = h._id and s._seq = h._seq and s._record = h._record)"
    rows = f"_seq < {before_seq} and not {standing}"
    return _erase(ledger, contract, _Meant(rows, f"seq < {before_seq}", {"before": before_seq}), warrant)


def _erase(ledger: Ledger, contract: Contract, meant: _Meant, warrant: Warrant) -> Receipt:
    if not (warrant.law and warrant.why):
        raise Refused("Nothing is erased without a reason and a law", todo="give both")
    with ledger.writers.writer() as writer:
        head = lock(writer, 1, ledger.clock)
        touched, ids = _delete(writer, contract, meant.rows)
        quarantined = _empty_quarantine(writer, contract, meant.waiting, head.first)
        raw = _drop_raw(writer, sorted({*touched, *quarantined, *meant.raw}))
        about = {
            "erase": meant.what, "why": warrant.why, "law": warrant.law, "rows": touched, "raw": raw,
            "quarantine": quarantined, "entities": ids,
        }  # fmt: skip
        content = canonical(about).encode()
        kept = Raw(content, hashlib.sha256(content).digest())
        part = Part(0, 0, "erase", warrant.actor, kept, kind="erase", about=about)
        said = Said(contract.type, contract.version, "", "replace", {})
        (receipt,) = write_log(writer, head, said, [(part, compressed(kept))], [Tally()])
        writer.commit()
    return receipt


def _delete(writer: Writer, contract: Contract, rows: str) -> tuple[list[int], int]:
    """Delete versions and fold state again from the rest; return the commits touched and how many entities."""
    places = {"history": quoted("history", contract.type), "rows": rows}
    found = writer.rows(fill("erase_found", **places))
    ids = sorted({str(row[0]) for row in found})
    writer.run(fill("erase_rows", **places))
    if ids:
        refold(writer, contract, ids)
    return sorted({int(row[1]) for row in found}), len(ids)


def _empty_quarantine(writer: Writer, contract: Contract, waiting: str, seq: int) -> list[int]:
    statement = fill("erase_quarantine", type=literal(contract.type), waiting=waiting, seq=seq)
    return sorted({int(row[0]) for row in writer.rows(statement)})


def _drop_raw(writer: Writer, seqs: Sequence[int]) -> list[int]:
    if not seqs:
        return []
    return sorted({int(row[0]) for row in writer.rows(fill("erase_raw", seqs=", ".join(map(str, seqs))))})
