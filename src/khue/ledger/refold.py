"""State folded again from history, for the entities that a revert or an erasure touched."""

from collections.abc import Sequence

from khue.ledger.fold import fold
from khue.ledger.partitions import column_names
from khue.ledger.statements import fill, quoted
from khue.ledger.writer import Writer


def refold(writer: Writer, table: str, kind: str, ids: Sequence[str]) -> None:
    """Bring state of the named entities to the fold of what history has now; call it under the lock.

    `table` is a type, or a type put aside (`<type>_v<major>`).
    """
    state, history = quoted("state", table), quoted("history", table)
    names = [quoted(name) for name in column_names(writer, table)]
    folded = fold(kind, history, ", ".join(f"h.{name}" for name in names), "h._id = any($1::text[])")
    writer.run(f"delete from {state} where _id = any($1::text[])", (ids,))  # noqa: S608  our own name
    writer.run(fill("refold", state=state, names=", ".join(names), fold=folded), (ids,))
