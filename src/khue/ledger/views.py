"""The `open` schema: one view a dataset, with the owner's rights, of public columns alone, as `khue.share` says."""

from khue.contract.contract import Contract, Share
from khue.contract.errors import ContractError
from khue.ledger.statements import fill, literal, quoted


def view_ddl(contract: Contract) -> tuple[str, ...]:
    """Return the statements that make the open view of a type; none where it shares nothing.

    Columns: `id`, `observed_at`, `quality`, then the shared properties under their own names.
    Raises ContractError if a property is not public, or meets one of the three names.
    """
    share = contract.share
    if share is None:
        return ()
    _require_public(contract, share)
    gates = ["not _deleted"]
    if share.least_quality > 0:
        gates.append(f"_quality >= {share.least_quality:.4f}")
    if share.shut_checks:
        gates.append(f"not _flags && array[{', '.join(map(literal, share.shut_checks))}]")
    return (
        fill(
            f"open_{share.of}",
            view=quoted("open", share.dataset),
            table=quoted("state" if share.of == "state" else "history", contract.type),
            columns=", ".join(quoted(name) for name in share.properties),
            gates=" and ".join(gates),
        ),
        f"comment on view {quoted('open', share.dataset)} is {literal('type ' + contract.type)}",
    )


def drop_view_ddl(contract: Contract) -> tuple[str, ...]:
    """Return the statement that drops the open view of a contract that was in force before."""
    return (f"drop view if exists {quoted('open', contract.share.dataset)}",) if contract.share else ()


def _require_public(contract: Contract, share: Share) -> None:
    for name in share.properties:
        prop = contract.by_name.get(name)
        if prop is None or prop.classification != "public" or name in ("id", "observed_at", "quality"):
            raise ContractError(
                f"The property {name} of {contract.type} cannot be open",
                where=contract.file,
                why="only properties that are classified public, and are not named as a column of every dataset, can",
                todo=f"take {name} out of khue.share, or classify it public",
            )
