"""What the pages read: a thin layer over the ledger's reader, in the words of `khue.web.centre`."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from khue.app.catalogue import Catalogue
from khue.contract.check import DIMENSIONS, Dimension
from khue.contract.clock import Clock
from khue.contract.commit import Commit, Quarantined
from khue.contract.domain import Number
from khue.contract.query import Page, Query
from khue.contract.scope import EVERYTHING
from khue.ledger.entries import Commits, Fates
from khue.ledger.kept_promises import reported, shared
from khue.ledger.read import Reader
from khue.ledger.waiting import Counted, Selection, flagged, reasons, waiting
from khue.web.centre import FATES, Fate, NumberNow, ReasonCount, Received, SourceActivity, Waiting

LOOKED_BACK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Reading:
    """The reading half of the centre. Until identity exists, the one reader is the local operator, who sees all."""

    catalogue: Catalogue
    reader: Reader
    clock: Clock

    async def as_of(self, at: datetime | None = None) -> int:
        """Return the last seq of the log known at a moment, 0 where it is empty."""
        return (await self.reader.as_of(at))[0]

    async def number(self, number: Number, at: datetime | None) -> NumberNow:
        """Return a number of the city, over how many readings, of how many, and its age."""
        measured = await self.reader.number(number, EVERYTHING, at)
        return NumberNow(measured.value, measured.readings, measured.entities, measured.newest)

    async def query(self, query: Query) -> Page:
        """Return rows of one type."""
        return await self.reader.query(query, EVERYTHING)

    async def activity(self, at: datetime | None) -> Sequence[SourceActivity]:
        """Return when each source was last heard of."""
        until = at or self.clock()
        found = await self.reader.source_activity(until - LOOKED_BACK, until)
        return [SourceActivity(one.source, one.recorded_at, one.newest, one.seq) for one in found]

    async def received(self, since: datetime, until: datetime | None) -> Sequence[Received]:
        """Return what was received between two moments, by type and source; then, by type, how much of it is open."""
        end = until or self.clock()
        every = {source.name: source.every for source in self.catalogue.sources.values() if source.every}
        alive = await reported(self.reader, every, since, end)
        found = [received(one, alive.get(one.source)) for one in await self.reader.fates(since, end)]
        heard = {one.source for one in found}
        found += [self._silent(source, pair) for source, pair in alive.items() if source not in heard]
        for contract in self.catalogue.contracts.values():
            pair = await shared(self.reader, contract, since, end)
            if pair[1]:
                found.append(Received(contract.type, "", 0, {}, {"shared": pair}))
        return found

    def _silent(self, source: str, alive: tuple[int, int]) -> Received:
        return Received(self.catalogue.source(source).type, source, 0, {}, {"live": alive})

    async def commits(self, before: int | None, limit: int) -> Sequence[Commit]:
        """Return the newest commits before a seq, newest first."""
        return await self.reader.commits(Commits(before=before, limit=limit))

    async def commit(self, seq: int) -> Commit:
        """Return one commit."""
        return await self.reader.commit(seq)

    def tail(self, after: int) -> AsyncIterator[Commit]:
        """Yield every commit after a seq, for ever."""
        return self.reader.tail(after)

    async def waiting(self, selection: Waiting) -> tuple[Sequence[Quarantined], int]:
        """Return a page of the quarantine with what was received, and how many records the selection has."""
        return await waiting(self.reader, asked(selection))

    async def reasons(self, selection: Waiting) -> Sequence[ReasonCount]:
        """Return the selection's records counted by reason, most first."""
        return [reason_count(one, one.example) for one in await reasons(self.reader, asked(selection))]

    async def flagged(self, since: datetime, at: datetime | None) -> Sequence[ReasonCount]:
        """Return present readings that were let pass with a flag, blanks left out; of the past, none are counted."""
        if at is not None:
            return []
        found = await flagged(self.reader, since)
        return [reason_count(one, self._described(one)) for one in found if one.dimension != "sufficient"]

    def _described(self, counted: Counted) -> Mapping[str, object]:
        contract = self.catalogue.contracts[counted.type]
        check = contract.checks_by_name.get(counted.check)
        prop = contract.by_name.get(check.field) if check and check.field else None
        name = str(counted.example["id"]).rsplit(":", maxsplit=1)[-1].replace("-", " ")
        label = prop.label if prop else contract.label
        return {**counted.example, "vi": f"{name}: {label.vi} bất thường", "en": f"{name}: unusual {label.en}"}


def asked(selection: Waiting) -> Selection:
    """Return a page's selection as the ledger's."""
    return Selection(
        selection.state, selection.type, selection.source, selection.check, selection.records, selection.limit,
        selection.offset, selection.commit,
    )  # fmt: skip


def received(fates: Fates, alive: tuple[int, int] | None) -> Received:
    """Return what a source sent, by fate, with (passed, of) for each dimension.

    A source lives by the periods in which it reported, over those that it promised; one that promises nothing is not
    counted. What is shared is told by type, not by source.
    """
    counted: Mapping[Fate, int] = {fate: getattr(fates, fate) for fate in FATES}
    judged = fates.received
    dimensions: Mapping[Dimension, tuple[int, int]] = {
        name: (fates.dimensions.get(name, judged), judged) for name in DIMENSIONS if name not in ("live", "shared")
    }
    if alive is not None:
        dimensions = {**dimensions, "live": alive}
    return Received(fates.type, fates.source, fates.received, counted, dimensions)


def reason_count(counted: Counted, example: Mapping[str, object]) -> ReasonCount:
    """Return a counted reason in the pages' words."""
    return ReasonCount(counted.type, counted.check, counted.dimension, counted.action, counted.records, example)
