"""State as the fold of history, in SQL: which version of an entity stands.

A case or register: the greatest (seq, record). A measure: the greatest (observed_at, seq, record) of the versions that
stand. A reading that a revert took back has a last version with the flag `_withdrawn` (the underscore keeps it apart
from every check): neither that version nor an earlier one of the same moment stands. An entity all of whose readings
were taken back keeps the last of these versions as its state, deleted, so that time travel still finds its id.
"""

from khue.ledger.statements import fill

WITHDRAWN = "_withdrawn"  # the SQL files say it too


def recency(kind: str, table: str) -> tuple[str, ...]:
    """Return the SQL values by which versions of an entity are ordered, the newest the greatest."""
    moment = (f"coalesce({table}._observed_at, '-infinity')",) if kind == "measure" else ()
    return (*moment, f"{table}._seq", f"{table}._record")


def stands(kind: str, history: str, table: str) -> str:
    """Return the condition that a version was not taken back."""
    return fill("reading_stands", history=history, table=table, known="true") if kind == "measure" else "true"


def fold(kind: str, history: str, names: str, within: str = "true") -> str:
    """Return the query of every entity's standing version in `history` (as `h`), of the rows `within`."""
    order = ", ".join(f"{part} desc" for part in recency(kind, "h"))
    name = "fold_measure" if kind == "measure" else "fold_entity"
    return fill(name, names=names, history=history, within=within, order=order)
