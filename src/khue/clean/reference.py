"""References: whether a value exists in the state of another type, as the caller gave it."""

from collections.abc import Mapping

import polars as pl

from khue.clean.compile import IN_REFERENCE
from khue.contract.contract import Contract


def known_values(
    values: pl.DataFrame, contract: Contract, reference: Mapping[str, pl.DataFrame]
) -> dict[str, pl.Series]:
    """Return `_in.<check>` for each reference check; null where the value is, or where no frame was given.

    A type whose frame is given and empty has no records: every value fails. A type without a frame is not known here,
    and the check does not apply.
    """
    found: dict[str, pl.Series] = {}
    for check in contract.row_checks:
        if check.kind != "reference" or check.field is None:
            continue
        name = IN_REFERENCE + check.name
        frame = reference.get(str(check.arguments["type"]))
        if frame is None:
            found[name] = pl.repeat(None, values.height, dtype=pl.Boolean, eager=True)
            continue
        wanted = values.get_column(check.field).cast(pl.String)
        there = frame.get_column(str(check.arguments["property"])).cast(pl.String).drop_nulls().unique()
        found[name] = wanted.is_in(there.implode())
    return found
