"""Undo: what was before a commit stands again, except where somebody changed it since. Nothing is erased by it."""

import hashlib
from dataclasses import dataclass

from khue.contract.batch import Part, Raw
from khue.contract.contract import Contract
from khue.contract.errors import Conflict, NotFound
from khue.contract.receipt import Receipt
from khue.ledger.chain import canonical
from khue.ledger.commit import Ledger
from khue.ledger.fingerprint import digest_of
from khue.ledger.fold import WITHDRAWN
from khue.ledger.head import lock
from khue.ledger.merge import Tally, count_rows
from khue.ledger.merge_sql import Statements, digest_expression
from khue.ledger.refold import refold
from khue.ledger.statements import fill, literal, quoted, template
from khue.ledger.write_log import Said, compressed, write_log
from khue.ledger.writer import Writer

COMMIT = "select type, withdrawn, kind from khue.commit where seq = $1"
CLOSE = template("revert_quarantine")
STAGED_IDS = "select distinct _id from {stage}"
WITHDRAW = "update khue.commit set withdrawn = true where seq = $1"


@dataclass(frozen=True, slots=True)
class Reverted:
    """The receipt of the revert, and the ids that it left alone because somebody changed them since."""

    receipt: Receipt
    kept: tuple[str, ...]


def revert(ledger: Ledger, seq: int, contract: Contract, actor: str, reason: str) -> Reverted:
    """Undo a commit of `contract`'s type by a commit of kind "revert"; its position may then be sent again.

    Raises NotFound if there is no such commit of data, Conflict if it was reverted before.
    """
    sql = Statements(contract)
    with ledger.writers.writer() as writer:
        writer.prepare(sql)
        head = lock(writer, 1, ledger.clock)
        ledger.contracts.require(writer, head, contract.type, digest_of(contract))
        _require(writer, seq, contract.type)
        kept = tuple(
            str(row[0]) for row in writer.rows(fill("revert_kept", seq=seq, same=_same(contract, "w"), **sql.places))
        )
        writer.run(_restore(sql, seq))
        writer.run(fill("patch_digest", digest=digest_expression(sql.own, "b"), within="true", **sql.places))
        restored = int(writer.rows(f"select count(*) from {sql.places['stage']}")[0][0])  # noqa: S608  our own name
        writer.run(sql.history(head.place))
        if contract.kind == "measure":
            refold(
                writer,
                contract.type,
                contract.kind,
                [str(row[0]) for row in writer.rows(STAGED_IDS.format(**sql.places))],
            )
        else:
            writer.run(sql.state(head.place, repeats=False))
        tallies = [Tally()]
        count_rows(writer, sql, tallies, flagged=True)
        writer.run(CLOSE, (seq, head.first, reason))
        writer.run(WITHDRAW, (seq,))
        about = {"revert": seq, "reason": reason, "kept": len(kept)}
        content = canonical(about).encode()
        raw = Raw(content, hashlib.sha256(content).digest())
        part = Part(0, restored, "revert", actor, raw, kind="revert", about=about)
        said = Said(contract.type, contract.version, "", "replace", {})
        (receipt,) = write_log(writer, head, said, [(part, compressed(raw))], tallies)
        writer.commit()
    return Reverted(receipt, kept)


def _require(writer: Writer, seq: int, type_name: str) -> None:
    found = writer.rows(COMMIT, (seq,))
    if not found or found[0][0] != type_name or found[0][2] in ("contract", "erase", "access"):
        raise NotFound(f"There is no commit {seq} of {type_name} that could be undone")
    if found[0][1]:
        raise Conflict(f"The commit {seq} was undone before")


def _same(contract: Contract, table: str) -> str:
    """Return what is undone together: one reading of a measure, the whole of a case or register."""
    same = f"h._id = {table}._id"
    return (
        f"{same} and h._observed_at is not distinct from {table}._observed_at" if contract.kind == "measure" else same
    )


def _restore(sql: Statements, seq: int) -> str:
    written = {name: f"coalesce(p.{name}, w.{name})" for name in ("_area", "_agency", "_visible_to", "_scope")}
    measure = sql.contract.kind == "measure"
    special = {
        **written,
        "_id": "w._id",
        "_observed_at": "w._observed_at" if measure else "p._observed_at",
        "_record": "w.place",
        "_flags": f"coalesce(p._flags, array[{literal(WITHDRAWN) if measure else ''}]::text[])",
        "_held": "coalesce(p._held, '{}')",
        "_deleted": "coalesce(p._deleted, true)",
        "_digest": "''::bytea",
    }
    return fill(
        "revert_rows",
        picked=", ".join(special.get(name, f"p.{quoted(name)}") for name in sql.staged),
        before=", ".join(f"h.{quoted(name)}" for name in sql.staged),
        key="_id, _observed_at" if measure else "_id",
        same=_same(sql.contract, "w"),
        seq=seq,
        **sql.places,
    )
