"""Whether a source reports as it promised: fresh, late, lost, by hand, or never heard of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from khue.contract.source import Source
from khue.web.centre import SourceActivity

ORDER = ("lost", "late", "never", "fresh", "by_hand")


@dataclass(frozen=True, slots=True)
class SourceNow:
    """A source with its state; `since` is the time of its newest reading, or of its last commit."""

    source: Source
    state: str
    since: datetime | None
    activity: SourceActivity


def state_of(source: Source, heard: datetime | None, now: datetime) -> str:
    """Return a source's state by its own promises (`every`, `late_after`, `lost_after`, seconds)."""
    if source.every is None:
        return "by_hand" if heard else "never"
    if heard is None:
        return "never"
    silence = (now - heard).total_seconds()
    late_after = source.late_after or source.every * 1.5
    if source.lost_after is not None and silence > source.lost_after:
        return "lost"
    return "late" if silence > late_after else "fresh"


def sources_now(sources: Mapping[str, Source], activity: Sequence[SourceActivity], now: datetime) -> list[SourceNow]:
    """Return every source with its state, those that need somebody first."""
    known = {entry.source: entry for entry in activity}
    found: list[SourceNow] = []
    for name, source in sources.items():
        entry = known.get(name, SourceActivity(name))
        heard = entry.observed_at or entry.received_at
        found.append(SourceNow(source, state_of(source, heard, now), heard, entry))
    return sorted(found, key=lambda item: (ORDER.index(item.state), item.source.name))
