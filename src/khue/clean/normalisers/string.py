"""String: text that PostgreSQL can keep.

Source: PostgreSQL keeps no NUL in text; a text that has one cannot be read, and is held or rejected by its type.
"""

import polars as pl

from khue.clean.normalisers.entry import Case, Entry, Options
from khue.clean.normalisers.text import already_clean, clean_text


def string(text: pl.Expr, options: Options) -> pl.Expr:
    """Return the text with spaces and composition in order, or null where it has a NUL."""
    cleaned = clean_text(text, options)
    return pl.when(~cleaned.str.contains("\x00", literal=True)).then(cleaned)


STRING = Entry(
    name="string",
    makes="string",
    expression=string,
    attempts=(already_clean,),
    source="PostgreSQL documentation, character types",
    cases=(Case(" Hà  Nội ", "Hà Nội"), Case("a\x00b", None)),
)
