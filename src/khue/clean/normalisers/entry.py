"""What a normaliser is: a name, what it makes, its expressions, its source and its table of cases."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import polars as pl

Options = Mapping[str, Any]  # the contract's options for it, over `zone`, `date_order` and `decimal` of the source
Expression = Callable[[pl.Expr, Options], pl.Expr]


class Case(NamedTuple):
    """What is written, under which options, and what it becomes; None = it cannot be read."""

    written: str
    result: Any
    options: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Entry:
    """A normaliser.

    `expression` takes an expression over text and gives the normalised value; null in gives null out, and what
    cannot be read becomes null. `attempts` are cheaper expressions, each of which gives either the same as
    `expression` or null: they are tried first, so that a million ordinary values never meet the hard cases.
    `makes` is "text", or the logical type that it reads.
    """

    name: str
    makes: str
    expression: Expression
    source: str
    cases: tuple[Case, ...]
    attempts: tuple[Expression, ...] = field(default=())
