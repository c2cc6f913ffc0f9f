"""The living demonstration city: simulated sources, through the same doors as real ones."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from khue.app.catalogue import Simulator
from khue.app.filing import Filing, file_in
from khue.app.opened import Opened
from khue.contract.source import Source

PAST = timedelta(hours=24)  # loaded before the first live round, so that the pages have a yesterday
STEP = timedelta(minutes=10)  # between two looks at a simulated source in the past
EXPORTED = 120  # days in the export that an office would have sent
ACTOR = "simulator"


@dataclass
class Live:
    """Runs the simulated sources of a simulated city; does nothing in a real one but load the city's own files."""

    house: Opened
    say: Callable[[str], None]
    sources: tuple[Source, ...] = field(init=False)
    _simulators: dict[str, Simulator] = field(default_factory=dict[str, Simulator])

    def __post_init__(self) -> None:
        """Choose the sources that a simulator feeds."""
        simulated = self.house.catalogue.city.simulated
        every = self.house.catalogue.sources.values() if simulated else ()
        self.sources = tuple(each for each in every if each.connector.get("kind") == "simulator")

    def prepare(self) -> None:
        """Load the city's own files, and the last day of what is simulated; nothing is loaded twice."""
        for source in self.house.catalogue.sources.values():
            if source.connector.get("kind") == "city_file":
                path = Path(self.house.catalogue.city.folder) / str(source.connector["path"])
                if not path.is_file():
                    self.say(f"{source.label.en}: {path} is not there yet")
                    continue
                self._say(self._file(source, path.read_bytes(), path.name), source)
        for source in self.sources:
            if not self.house.frames.heard(source.name):
                self._take_past(source)

    def round(self, source: Source) -> None:
        """Take in what the source would send now; the same records are not sent twice."""
        self.take(source, self._batch(source, self.house.clock()))

    def take(self, source: Source, content: bytes) -> int:
        """Take in what a source sent, and return how many records that were."""
        if not content:
            return 0
        return self._file(source, content, f"{source.name}.ndjson")

    def _take_past(self, source: Source) -> None:
        now = self.house.clock()
        self._take_export(source, now)
        content = b"".join(self._batch(source, moment) for moment in _moments(now - PAST, now, source))
        # What is loaded afterwards was promised to nobody: only live records are judged for being late.
        self._say(self.take(replace(source, every=None, late_after=None), content), source)

    def _take_export(self, source: Source, now: datetime) -> None:
        """Take in the file that an office would have sent by hand, where the domain's simulator makes one."""
        export = str(source.connector.get("export", ""))
        if not export:
            return
        first = (now - timedelta(days=EXPORTED + 1)).date()
        declared = self.house.catalogue.source(export)
        content = self._simulator(source).export(first, EXPORTED, int(source.connector.get("seed", 0)))
        self._say(self._file(declared, content, f"{export}-mo-phong.xls"), declared)

    def _batch(self, source: Source, moment: datetime) -> bytes:
        return self._simulator(source).batch(source.name, moment, int(source.connector.get("seed", 0)))

    def _file(self, source: Source, content: bytes, name: str) -> int:
        filing = Filing(source.type, content, source.name, name=name, actor=ACTOR)
        return file_in(self.house.cycle, {source.name: source}, filing).receipt.received

    def _simulator(self, source: Source) -> Simulator:
        if source.name not in self._simulators:
            self._simulators[source.name] = self.house.catalogue.simulator(source)
        return self._simulators[source.name]

    def _say(self, received: int, source: Source) -> None:
        self.say(f"{source.label.en}: {received:,} records")


def _moments(since: datetime, until: datetime, source: Source) -> Iterator[datetime]:
    """Yield the moments at which a simulated source is looked at in the past: each slot of each step."""
    tick = timedelta(seconds=float(source.connector.get("tick", 60)))
    slots = max(1, min(6, int(timedelta(minutes=1) / tick)))
    moment = since
    while moment < until:
        for slot in range(slots):
            yield moment.replace(second=0, microsecond=0) + slot * tick
        moment += STEP
