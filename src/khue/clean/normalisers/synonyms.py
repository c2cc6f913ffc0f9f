"""Enumeration: the many words for one value of a list.

Source: the contract, under option `values`: each value with the words that mean it. Words are compared folded
(without diacritics, case and double spaces). A word that the list does not know stays as written, so that the
check `enumeration` can name it.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from khue.clean.normalisers.entry import Case, Entry, Options
from khue.clean.normalisers.fold import fold
from khue.clean.normalisers.text import clean_text


def _folded(words: Sequence[str]) -> list[str]:
    """Return each word as `fold` makes it."""
    return (
        pl.DataFrame({"word": list(words)}, schema={"word": pl.String})
        .select(fold(pl.col("word"), {}))
        .to_series()
        .to_list()
    )


def _synonyms(options: Options) -> dict[str, str]:
    """Return folded word → value; a value means itself."""
    values: Mapping[str, Sequence[str]] = options.get("values", {})
    pairs = [(str(word), value) for value, words in values.items() for word in (value, *words)]
    folded = _folded([word for word, _ in pairs])
    return {word: value for word, (_, value) in zip(folded, pairs, strict=True)}


def enumeration(text: pl.Expr, options: Options) -> pl.Expr:
    """Put the list's value in the place of each word that means it."""
    synonyms = _synonyms(options)
    written = clean_text(text, {})
    if not synonyms:
        return written
    known = fold(written, {}).replace_strict(
        list(synonyms), list(synonyms.values()), default=None, return_dtype=pl.String
    )
    return pl.coalesce(known, written)


def canonical(text: pl.Expr, options: Options) -> pl.Expr:
    """Return the text where it is a value of the list already, else null."""
    values = [str(value) for value in options.get("values", {})]
    return pl.when(text.is_in(values)).then(text)


_WEATHER = {"values": {"rain": ["mưa", "có mưa"], "dry": ["không mưa", "tạnh"]}}

ENUMERATION = Entry(
    name="enumeration",
    makes="text",
    expression=enumeration,
    attempts=(canonical,),
    source="the contract",
    cases=(
        Case("Mưa", "rain", _WEATHER),
        Case("CO MUA", "rain", _WEATHER),
        Case("dry", "dry", _WEATHER),
        Case("Tuyết", "Tuyết", _WEATHER),
    ),
)
