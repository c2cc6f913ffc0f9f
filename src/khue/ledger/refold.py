"""State folded again from history, for the entities that a revert or an erasure touched."""

from collections.abc import Sequence

from khue.contract.contract import Contract
from khue.ledger.fold import fold
from khue.ledger.statements import fill, quoted
from khue.ledger.tables import columns
from khue.ledger.writer import Writer


def refold(writer: Writer, contract: Contract, ids: Sequence[str]) -> None:
    """Bring state of the named entities to the fold of what history has now; call it under the lock."""
    state, history = quoted("state", contract.type), quoted("history", contract.type)
    names = [quoted(name) for name in columns(contract)]
    folded = fold(contract.kind, history, ", ".join(f"h.{name}" for name in names), "h._id = any($1::text[])")
    writer.run(f"delete from {state} where _id = any($1::text[])", (ids,))  # noqa: S608  our own name
    writer.run(fill("refold", state=state, names=", ".join(names), fold=folded), (ids,))
