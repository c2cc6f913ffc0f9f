"""The statements that make a patch whole, under the lock: its base is the version that it patches.

For a case or register that is state's row; for a measure the version that precedes the patch in observed time.
"""

from collections.abc import Iterable

from khue.contract.contract import Contract
from khue.ledger.fold import stands
from khue.ledger.merge_sql import Statements, digest_expression
from khue.ledger.statements import fill, literal, quoted

BASE = (
    "_area",
    "_agency",
    "_visible_to",
    "_scope",
    "_x",
    "_y",
    "_cell",
    "_quality",
    "_flags",
    "_held",
    "_extra",
    "_deleted",
)


def patch_statements(sql: Statements, within: str) -> tuple[str, str]:
    """Return the two statements that complete the patched rows and compute their digests again."""
    contract = sql.contract
    bits = {prop.name: bit for bit, prop in enumerate(contract.properties)}
    folded = {f"{prop.name}__folded": bits[prop.name] for prop in contract.properties if prop.folded}
    own = {**bits, **folded}
    updates = [
        f"{quoted(name)} = case when {_given(bit)} then b.{quoted(name)} else p.{quoted(name)} end"
        for name, bit in own.items()
    ]
    base_columns = ", ".join(f"h.{quoted(name)}" for name in (*BASE, *own))
    base = fill(
        f"patch_base_{'measure' if contract.kind == 'measure' else 'entity'}",
        base_columns=base_columns,
        stands=stands(contract.kind, sql.places["history"], "h"),
        **sql.places,
    )
    complete = fill(
        "patch_complete",
        updates=", ".join(updates) or "_dimensions = b._dimensions",
        placed=_placed(contract, bits),
        base=base,
        checks=_pairs((check.name, bits[check.field]) for check in contract.checks if check.field in bits),
        properties=_pairs(bits.items()),
        within_g=within.replace("_order", "g._order"),
        **sql.places,
    )
    return complete, fill("patch_digest", digest=digest_expression(sql.own, "b"), within=within, **sql.places)


def _given(bit: int) -> str:
    return f"get_bit(g._given, {bit}) = 1"


def _placed(contract: Contract, bits: dict[str, int]) -> str:
    """Return the condition under which the patch says where the entity is."""
    locate = contract.locate
    names = (locate.longitude, locate.latitude, locate.area, locate.through) if locate else ()
    return "(" + (" or ".join(_given(bits[name]) for name in names if name in bits) or "false") + ")"


def _pairs(pairs: Iterable[tuple[str | None, int]]) -> str:
    rows = ", ".join(f"({literal(name)}, {bit})" for name, bit in pairs if name)
    return f"values {rows}" if rows else "select ''::text, 0 where false"
