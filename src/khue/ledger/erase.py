"""Forgetting: content goes, digests stay, and a commit of kind "erase" says who, why, what and under which law.

Rows of history, state and quarantine go; the raw bytes of every commit that held one of them are dropped whole, other
people's records in them included, because a rewritten file would no longer be what was received.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from unicodedata import normalize
from urllib.parse import unquote

from khue.contract.batch import Part, Raw
from khue.contract.contract import Contract
from khue.contract.errors import Refused
from khue.contract.receipt import Receipt
from khue.ledger.chain import canonical
from khue.ledger.commit import Ledger
from khue.ledger.head import lock
from khue.ledger.merge import Tally
from khue.ledger.merge_sql import FORM
from khue.ledger.refold import refold
from khue.ledger.statements import fill, literal, quoted, template
from khue.ledger.write_log import Said, compressed, write_log
from khue.ledger.writer import Writer


@dataclass(frozen=True, slots=True)
class _Meant:
    """What goes: conditions over history (by table) and quarantine, what the commit says, whose raw bytes go too."""

    rows: Callable[[str], str]
    waiting: str
    what: Mapping[str, Any]
    raw: tuple[int, ...] = ()


@dataclass(slots=True)
class _Gone:
    """What went: commits touched and entities, and by commit what is left of it: [rows, their digest]."""

    touched: set[int] = field(default_factory=set[int])
    ids: set[str] = field(default_factory=set[str])
    left: dict[str, tuple[int, str]] = field(default_factory=dict[str, tuple[int, str]])


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
    waiting = " or ".join((f"id in {listed}", *_nameless(ledger, contract, ids)))
    return _erase(ledger, contract, _Meant(lambda _: f"_id in {listed}", waiting, what), warrant)


def erase_commit(ledger: Ledger, contract: Contract, seq: int, warrant: Warrant) -> Receipt:
    """Forget what one commit brought; state falls back to the versions that remain."""
    return _erase(ledger, contract, _Meant(lambda _: f"_seq = {seq}", f"seq = {seq}", {"commit": seq}, (seq,)), warrant)


def erase_older(ledger: Ledger, contract: Contract, before_seq: int, warrant: Warrant) -> Receipt:
    """Forget the versions recorded before a commit, but those that still stand."""

    def rows(table: str) -> str:
        same = "s._id = h._id and s._seq = h._seq and s._record = h._record"
        return f"_seq < {before_seq} and not exists (select from {quoted('state', table)} s where {same})"

    return _erase(ledger, contract, _Meant(rows, f"seq < {before_seq}", {"before": before_seq}), warrant)


def _erase(ledger: Ledger, contract: Contract, meant: _Meant, warrant: Warrant) -> Receipt:
    if not (warrant.law and warrant.why):
        raise Refused("Nothing is erased without a reason and a law", todo="give both")
    with ledger.writers.writer() as writer:
        head = lock(writer, 1, ledger.clock)
        gone = _delete(writer, contract, meant.rows)
        quarantined = _empty_quarantine(writer, contract, meant.waiting, head.first)
        raw = _drop_raw(writer, sorted({*gone.touched, *quarantined, *meant.raw}))
        about = {
            "erase": meant.what, "why": warrant.why, "law": warrant.law, "rows": sorted(gone.touched),
            "raw": raw, "quarantine": quarantined, "entities": len(gone.ids), "left": gone.left,
        }  # fmt: skip
        content = canonical(about).encode()
        kept = Raw(content, hashlib.sha256(content).digest())
        part = Part(0, 0, "erase", warrant.actor, kept, kind="erase", about=about)
        said = Said(contract.type, contract.version, "", "replace", {})
        (receipt,) = write_log(writer, head, said, [(part, compressed(kept))], [Tally()])
        writer.commit()
    return receipt


def _delete(writer: Writer, contract: Contract, rows: Callable[[str], str]) -> _Gone:
    """Delete versions from the type's tables, those put aside too, and fold state again from the rest."""
    gone = _Gone()
    for major, kind in writer.rows(template("erase_tables"), (contract.type,)):
        table = contract.type if major == contract.major else f"{contract.type}_v{major}"
        places = {"history": quoted("history", table), "rows": rows(table)}
        found = writer.rows(fill("erase_found", **places))
        ids, touched = {str(row[0]) for row in found}, {int(row[1]) for row in found}
        writer.run(fill("erase_rows", **places))
        if ids:
            refold(writer, table, kind, sorted(ids))
            left = writer.rows(fill("erase_left", form=FORM.format(t="h"), **places), (sorted(touched),))
            gone.left |= {str(seq): (int(count), str(digest)) for seq, count, digest in left}
        gone.touched |= touched
        gone.ids |= ids
    return gone


def _nameless(ledger: Ledger, contract: Contract, ids: Sequence[str]) -> Iterator[str]:
    """Yield conditions for quarantined records without id whose key, as received, is one of these entities'.

    A key is compared by its letters and digits alone, since what was rejected was never normalised.
    """
    wanted = {_letters(unquote(name.removeprefix(f"urn:ngsi-ld:{contract.entity_type}:"))) for name in ids}
    with ledger.writers.writer() as writer:
        found = writer.rows(template("erase_nameless"), (contract.type,))
        writer.rollback()
    for seq, record, received in found:
        with suppress(ValueError, KeyError, TypeError):
            if _letters(contract.key.format_map(json.loads(bytes(received)))) in wanted:
                yield f"(seq = {seq} and record = {record})"


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, normalize("NFC", text).casefold()))


def _empty_quarantine(writer: Writer, contract: Contract, waiting: str, seq: int) -> list[int]:
    statement = fill("erase_quarantine", type=literal(contract.type), waiting=waiting, seq=seq)
    return sorted({int(row[0]) for row in writer.rows(statement)})


def _drop_raw(writer: Writer, seqs: Sequence[int]) -> list[int]:
    if not seqs:
        return []
    return sorted({int(row[0]) for row in writer.rows(fill("erase_raw", seqs=", ".join(map(str, seqs))))})
