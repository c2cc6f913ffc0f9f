"""Integer: a whole number in 64 bits, with or without groups of three digits.

Source: as `number`. An integer has no decimals, so a sign before exactly three digits makes groups under
`decimal: auto` (1.234 and 1,234 are both one thousand two hundred and thirty-four); 12,0 is twelve, 12,5 is refused.
"""

import polars as pl

from khue.clean.normalisers.entry import Case, Entry, Options
from khue.clean.normalisers.text import clean_text

_GROUPED = {
    ",": r"^[+-]?\d{1,3}(?:(?:\.\d{3})+|(?: \d{3})+)$",
    ".": r"^[+-]?\d{1,3}(?:(?:,\d{3})+|(?: \d{3})+)$",
    "auto": r"^[+-]?\d{1,3}(?:(?:\.\d{3})+|(?:,\d{3})+|(?: \d{3})+)$",
}
_WHOLE = {",": r"^([+-]?\d+),0*$", ".": r"^([+-]?\d+)\.0*$", "auto": r"^([+-]?\d+)[.,]0*$"}


def plain_integer(text: pl.Expr, options: Options) -> pl.Expr:  # noqa: ARG001
    """Read digits with or without a sign, else null."""
    return text.cast(pl.Int64, strict=False)


def integer(text: pl.Expr, options: Options) -> pl.Expr:
    """Read a whole number; what is none, or needs more than 64 bits, is null."""
    written = clean_text(text, {}).str.replace("^[−–]", "-")
    decimal = str(options.get("decimal", "auto"))
    grouped = pl.when(written.str.contains(_GROUPED[decimal])).then(written.str.replace_all(r"[., ]", ""))
    whole = written.str.extract(_WHOLE[decimal], 1)
    return pl.coalesce(*(digits.cast(pl.Int64, strict=False) for digits in (written, grouped, whole)))


INTEGER = Entry(
    name="integer",
    makes="integer",
    expression=integer,
    attempts=(plain_integer,),
    source="as number",
    cases=(
        Case("12", 12),
        Case("-7", -7),
        Case("1.234", 1234),
        Case("1,234,567", 1234567),
        Case("12,0", 12),
        Case("12,5", None),
        Case("1,000", 1, {"decimal": ","}),
        Case("9223372036854775808", None),
    ),
)
