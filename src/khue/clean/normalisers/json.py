"""Object and array: JSON that travels as text.

Source: RFC 8259. PostgreSQL keeps no NUL in jsonb, so JSON that has one cannot be read.
"""

import polars as pl

from khue.clean.normalisers.entry import Case, Entry, Options


def _json(text: pl.Expr, first: str) -> pl.Expr:
    bare = text.str.strip_chars()
    whole = bare.str.starts_with(first) & bare.str.json_path_match("$").is_not_null()
    return pl.when(whole & ~bare.str.contains(r"\u0000", literal=True)).then(bare)


def json_object(text: pl.Expr, options: Options) -> pl.Expr:  # noqa: ARG001
    """Return the text where it is a JSON object, else null."""
    return _json(text, "{")


def json_array(text: pl.Expr, options: Options) -> pl.Expr:  # noqa: ARG001
    """Return the text where it is a JSON array, else null."""
    return _json(text, "[")


OBJECT = Entry(
    name="object",
    makes="object",
    expression=json_object,
    source="RFC 8259",
    cases=(Case('{"a": 1}', '{"a": 1}'), Case("[1]", None), Case("{", None)),
)
ARRAY = Entry(
    name="array",
    makes="array",
    expression=json_array,
    source="RFC 8259",
    cases=(Case("[1, 2]", "[1, 2]"), Case('{"a": 1}', None), Case("[", None)),
)
