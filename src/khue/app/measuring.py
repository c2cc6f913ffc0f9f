"""The samples of `/metrics`: the ledger's gauges, what came in by fate, the pools, and what waits at the doors."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

import anyio.to_thread

from khue.app.opened import Opened
from khue.ledger.database import connect
from khue.ledger.gauges import GAUGES, disk_gauges, gauges
from khue.ledger.read import Reader
from khue.web.centre import FATES, Measurement

WINDOW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Measuring:
    """Gathers the samples. `queued` tells how many requests wait for the group commit of this process."""

    house: Opened
    reader: Reader
    queued: Callable[[], int]

    async def __call__(self) -> list[Measurement]:
        """Return every sample, taken now."""
        now = self.house.clock()
        found = await anyio.to_thread.run_sync(self._ledger)
        for fates in await self.reader.fates(now - WINDOW, now):
            labels = {"type": fates.type, "source": fates.source}
            for fate in FATES:
                text = "Records received in the last five minutes, by fate"
                labelled = {**labels, "fate": fate}
                found.append(Measurement("records_5m", text, "gauge", float(getattr(fates, fate)), labelled))
            found.append(Measurement("commits_5m", "Commits in the last five minutes", "gauge", fates.commits, labels))
        found += [Measurement("intake_queued", "Requests waiting for the group commit", "gauge", float(self.queued()))]
        return [*found, *self._pools()]

    def _ledger(self) -> list[Measurement]:
        with connect(self.house.database.owner) as owner:
            known: Mapping[str, Mapping[str, float]] = gauges(owner, self.house.clock())
        values = {**known, **disk_gauges(self.house.settings.data)}
        return [
            Measurement(name.removeprefix("khue_"), text, "gauge", value, {label: of} if label else {})
            for name, (text, label) in GAUGES.items()
            for of, value in values.get(name, {}).items()
        ]

    def _pools(self) -> Iterator[Measurement]:
        for role, stats in self.reader.pool_stats().items():
            for name in ("pool_size", "pool_available", "requests_waiting"):
                text = f"Connections of a reader's pool: {name.replace('_', ' ')}"
                yield Measurement(f"reader_{name}", text, "gauge", float(stats.get(name, 0)), {"role": role})
