"""Boolean: yes and no in words.

Source: the words of Vietnamese forms and of common software; folded before they are compared.
"""

import polars as pl

from khue.clean.normalisers.entry import Case, Entry, Options
from khue.clean.normalisers.fold import fold, fold_ascii

TRUE = ("true", "t", "1", "yes", "y", "co", "dung", "x", "roi", "dat")
FALSE = ("false", "f", "0", "no", "n", "khong", "sai", "chua", "khong dat", "ko")


def _words(folded: pl.Expr) -> pl.Expr:
    return pl.when(folded.is_in(TRUE)).then(statement=True).when(folded.is_in(FALSE)).then(statement=False)


def plain_boolean(text: pl.Expr, options: Options) -> pl.Expr:
    """Read the words that are ASCII, else null."""
    return _words(fold_ascii(text, options))


def boolean(text: pl.Expr, options: Options) -> pl.Expr:  # noqa: ARG001
    """Read yes or no; another word is null."""
    return _words(fold(text, {}))


BOOLEAN = Entry(
    name="boolean",
    makes="boolean",
    expression=boolean,
    attempts=(plain_boolean,),
    source="Vietnamese forms",
    cases=(
        Case("Có", result=True),
        Case("không", result=False),
        Case("TRUE", result=True),
        Case("0", result=False),
        Case("Đúng", result=True),
        Case("có lẽ", None),
    ),
)
