"""Quality: the weight of the checks that applied to a record (reject and hold 3, flag 1)."""

from collections.abc import Mapping, Sequence

import polars as pl

from khue.clean.compile import Compiled
from khue.contract.check import Check

APPLICABLE = "_applicable"


def applicable(checks: Sequence[Compiled], types: Mapping[str, Check], full: frozenset[str]) -> pl.Expr:
    """Return the weight of the checks that apply to a row (what could not be read is added apart).

    `types` are the type checks by property; `full` names the columns without a null, which cost nothing to count.
    """
    by_value: dict[str, int] = {name: check.weight for name, check in types.items()}
    constant, parts = 0, list[pl.Expr]()
    for compiled in checks:
        weight = compiled.check.weight
        if compiled.always:
            constant += weight
        elif compiled.when is not None:
            by_value[compiled.when] = by_value.get(compiled.when, 0) + weight
        else:
            parts.append(compiled.passes.is_not_null().cast(pl.Int32) * weight)
    constant += sum(weight for name, weight in by_value.items() if name in full)
    parts += [pl.col(name).is_not_null().cast(pl.Int32) * by_value[name] for name in by_value if name not in full]
    total = pl.sum_horizontal(parts) + constant if parts else pl.lit(constant)
    return total.cast(pl.Int32).alias(APPLICABLE)
