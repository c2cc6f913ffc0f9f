"""The answer to whoever brought a batch."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Receipt:
    """How many records came in, what became of them, and which commits hold them.

    Every record is counted once, by the worst that happened to it:
    received = clean + flagged + held + rejected + unchanged.
    """

    received: int = 0
    clean: int = 0
    flagged: int = 0
    held: int = 0
    rejected: int = 0
    unchanged: int = 0
    first: int | None = None
    last: int | None = None
    again: bool = False  # the same position was committed before; these are the first receipt's counts
    checks: Mapping[str, int] = field(default_factory=dict[str, int])  # check → records that failed it

    def plus(self, other: "Receipt") -> "Receipt":
        """Return the receipt of both together."""
        firsts = [seq for seq in (self.first, other.first) if seq is not None]
        lasts = [seq for seq in (self.last, other.last) if seq is not None]
        return replace(
            self,
            received=self.received + other.received,
            clean=self.clean + other.clean,
            flagged=self.flagged + other.flagged,
            held=self.held + other.held,
            rejected=self.rejected + other.rejected,
            unchanged=self.unchanged + other.unchanged,
            first=min(firsts, default=None),
            last=max(lasts, default=None),
            again=self.again and other.again,
            checks=dict(Counter(self.checks) + Counter(other.checks)),
        )

    def as_json(self) -> dict[str, Any]:
        """Return the receipt as the object that commands and doors answer."""
        commits = [] if self.first is None else [self.first, self.last]
        names = ("received", "clean", "flagged", "held", "rejected", "unchanged")
        return {name: getattr(self, name) for name in names} | {"commits": commits}
