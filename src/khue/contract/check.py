"""A check: one thing that must hold for a record, its dimension, and what a failure does."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as default
from typing import Any, Literal

from khue.contract.label import Label

Dimension = Literal["accurate", "sufficient", "clean", "live", "consistent", "shared"]
OnFail = Literal["reject", "hold", "flag"]
CheckKind = Literal[
    "required",  # the value is there
    "type",  # the text could be read as the logical type (one is implied for every property)
    "enumeration",  # arguments: values
    "range",  # arguments: minimum, maximum, exclusiveMinimum, exclusiveMaximum
    "length",  # arguments: minLength, maxLength
    "pattern",  # arguments: pattern (a regular expression that must match the whole value)
    "reference",  # arguments: type, property (the value exists in another type's state)
    "unit",  # the row's own unit agrees with the contract's; arguments: unit
    "predicate",  # arguments: sql (true or null = passed)
    "unique",  # judged; arguments: properties
    "repeated",  # judged: the same id and observed time came before with other content
    "spike",  # judged; arguments: minimum, factor, within (seconds)
    "neighbours",  # judged; arguments: minimum, factor, least (number of neighbours)
    "gap",  # judged; arguments: every (seconds)
    "late",  # judged; arguments: after (seconds)
]

DIMENSIONS: tuple[Dimension, ...] = ("accurate", "sufficient", "clean", "live", "consistent", "shared")
JUDGED: frozenset[str] = frozenset({"unique", "repeated", "spike", "neighbours", "gap", "late"})
WEIGHT: Mapping[str, int] = {"reject": 3, "hold": 3, "flag": 1}


@dataclass(frozen=True, slots=True)
class Check:
    """One rule of a contract.

    `name` is unique in the contract and stable: flags, reasons and counts carry it.
    `field` is the property at fault, or None where the whole record is.
    `reason` is a sentence for the owner with the places {column}, {row}, {value} and the arguments' names.
    """

    name: str
    kind: CheckKind
    dimension: Dimension
    on_fail: OnFail
    field: str | None
    reason: Label
    arguments: Mapping[str, Any] = default(default_factory=dict[str, Any])
    source: str = ""
    verified: bool = True

    @property
    def judged(self) -> bool:
        """Whether the check looks at other rows, and so runs in the ledger under its lock."""
        return self.kind in JUDGED

    @property
    def weight(self) -> int:
        """Return what the check weighs in a record's quality (reject and hold 3, flag 1)."""
        return WEIGHT[self.on_fail]
