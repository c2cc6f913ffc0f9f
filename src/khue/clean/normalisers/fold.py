"""Fold: text without diacritics and case, for matching and search columns only, never shown.

Source: Unicode canonical decomposition with the marks dropped; đ and Đ have no decomposition and become d.
"""

import polars as pl

from khue.clean.normalisers.entry import Case, Entry, Options
from khue.clean.normalisers.text import clean_text


def fold(text: pl.Expr, options: Options) -> pl.Expr:
    """Return the text in lower case, without marks, spaces made single."""
    letters = clean_text(text, options).str.normalize("NFD").str.replace_all(r"\p{M}", "")
    letters = letters.str.to_lowercase().str.replace_many(["đ", "ð"], ["d", "d"])
    # Lower case can bring a mark back (İ becomes i and a dot), so the marks go once more.
    return clean_text(letters.str.normalize("NFD").str.replace_all(r"\p{M}", ""), options)


def fold_ascii(text: pl.Expr, options: Options) -> pl.Expr:  # noqa: ARG001
    """Return the lower case of plain ASCII words, else null."""
    return pl.when(text.str.contains(r"^[!-~]+(?: [!-~]+)*$")).then(text.str.to_lowercase())


FOLD = Entry(
    name="fold",
    makes="text",
    expression=fold,
    attempts=(fold_ascii,),
    source="Unicode Standard Annex #15 (NFD); đ → d by convention",
    cases=(
        Case("Phường Đống Đa", "phuong dong da"),
        Case("HOÀNG  MAI", "hoang mai"),
        Case("Ðông Anh", "dong anh"),
        Case("Hoa\u0300", "hoa"),
    ),
)
