"""A domain: one subject of the city, a folder of data."""

from dataclasses import dataclass
from typing import Literal

from khue.contract.contract import Contract
from khue.contract.label import Label
from khue.contract.source import Source


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the city for the first page: an aggregate over the latest readings of a type.

    `within` limits the readings to those observed in the last seconds before the newest one.
    The page always says over how many readings it holds and how old the newest is.
    """

    name: str
    label: Label
    type: str
    property: str
    aggregate: Literal["mean", "max", "min", "sum", "count"]
    unit: str
    within: float | None = None
    decimals: int = 1


@dataclass(frozen=True, slots=True)
class Domain:
    """A subject with its types and sources; `folder` is where its samples and pages lie."""

    name: str
    label: Label
    icon: str
    agency: str
    contracts: tuple[Contract, ...]
    sources: tuple[Source, ...]
    folder: str
    numbers: tuple[Number, ...] = ()
