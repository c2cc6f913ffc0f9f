"""Missing: the marks that a source writes where it has no value.

Source: declared by each contract or source; there is no general list, because "-" or "0" may be a value elsewhere.
"""

import polars as pl

from khue.clean.normalisers.entry import Case, Entry, Options


def missing(text: pl.Expr, options: Options) -> pl.Expr:
    """Make the texts in option `values` null."""
    values = [str(value) for value in options.get("values", ())]
    return pl.when(~text.is_in(values)).then(text)


MISSING = Entry(
    name="missing",
    makes="text",
    expression=missing,
    attempts=(),
    source="the contract",
    cases=(
        Case("-", None, {"values": ["-", "N/A"]}),
        Case("0", "0", {"values": ["-", "N/A"]}),
        Case("-999", None, {"values": [-999]}),
    ),
)
