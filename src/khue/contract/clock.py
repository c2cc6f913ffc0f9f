"""Time is an argument: whoever needs the time is given a clock."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Return the present moment in UTC: the only place that asks the machine."""
    return datetime.now(UTC)
