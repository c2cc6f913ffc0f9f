"""The city as the pages see it: reading, deciding and filing, put behind the one seam of `khue.web`."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import anyio.to_thread

from khue.app.deciding import Desk
from khue.app.filing import Filed, Filing, file_in
from khue.app.forgetting import undo
from khue.app.measuring import Measuring
from khue.app.mend import Outcome
from khue.app.opened import Opened
from khue.app.reading import Reading, asked
from khue.contract.city import City
from khue.contract.commit import Quarantined
from khue.contract.domain import Domain
from khue.contract.receipt import Receipt
from khue.ledger.waiting import MOST, Selection
from khue.web.centre import Decided, Decision, Examined, FooterCompared, Measurement, ReasonCount, Ring, Upload, Waiting

ACTOR = "local"  # until identity exists, everybody who reaches the port is the local operator


@dataclass(frozen=True, slots=True)
class HouseCentre(Reading):
    """The centre of an opened house; its reading half is `Reading`."""

    house: Opened
    desk: Desk
    measure: Measuring

    @property
    def city(self) -> City:
        """The city's facts."""
        return self.catalogue.city

    @property
    def domains(self) -> Sequence[Domain]:
        """The chosen domains, in the order of the menu."""
        return self.catalogue.domains

    @property
    def outline(self) -> tuple[Ring, ...]:
        """The city's boundary: none is known until `areas` exists."""
        return ()

    def now(self) -> datetime:
        """Return the present moment."""
        return self.clock()

    async def examine(self, upload: Upload) -> Examined:
        """Decode, clean and judge a file without writing anything."""
        filed = await self._file(upload, dry_run=True)
        footers = tuple(
            FooterCompared(each.name, each.column, each.stated, each.computed, agrees=each.agrees)
            for each in filed.footings
        )
        return Examined(filed.receipt, filed.rows, self._reasons(filed, upload.type), footers, tuple(filed.notes))

    async def ingest(self, upload: Upload) -> Receipt:
        """Take a file into the record."""
        return (await self._file(upload, dry_run=False)).receipt

    async def decide(self, decision: Decision) -> Decided:
        """Fix, release or dismiss records of the quarantine."""
        selection = _whole(decision.selection)
        match decision.action:
            case "fix":
                outcome = await self.desk.fix(selection, decision.values, decision.note)
            case "release":
                outcome = await self.desk.release(selection, decision.note)
            case "dismiss":
                outcome = await self.desk.dismiss(selection, decision.note)
        return _decided(outcome)

    async def workbook(self, selection: Waiting) -> bytes:
        """Return the selection as an .xlsx to mend."""
        return await self.desk.workbook(asked(selection))

    async def mend(self, upload: Upload) -> Decided:
        """Take a mended workbook back."""
        outcome, _ = await self.desk.mend(upload.path, upload.type)
        return _decided(outcome)

    async def revert(self, seq: int, note: str) -> Receipt:
        """Undo one commit except where somebody changed it since."""
        return (await anyio.to_thread.run_sync(undo, self.house, seq, ACTOR, note)).receipt

    async def ready(self) -> str:
        """Return "" where the house can serve, else what is missing."""
        return await self.reader.missing()

    async def measurements(self) -> Sequence[Measurement]:
        """Return the samples of `/metrics`."""
        return await self.measure()

    async def _file(self, upload: Upload, *, dry_run: bool) -> Filed:
        filing = Filing(upload.type, upload.path, upload.source, dry_run=dry_run, name=upload.name, actor=ACTOR)
        return await anyio.to_thread.run_sync(file_in, self.house.cycle, self.catalogue.sources, filing)

    def _reasons(self, filed: Filed, type_name: str) -> tuple[ReasonCount, ...]:
        contract = self.house.cycle.contract(type_name)
        found: list[ReasonCount] = []
        for name, count in Counter(filed.receipt.checks).most_common():
            check = contract.checks_by_name.get(name)
            action, dimension = (check.on_fail, check.dimension) if check else ("reject", "clean")
            example: Mapping[str, Any] = (filed.examples.get(name) or [{}])[0]
            plain = {"vi": check.reason.vi, "en": check.reason.en} if check else {}
            found.append(ReasonCount(type_name, name, dimension, action, count, example or plain))
        return tuple(found)


def _whole(selection: Waiting) -> Selection:
    """Return a form's selection; limit 0 means all of one reason."""
    chosen = asked(selection)
    return replace(chosen, limit=MOST, offset=0)


def _decided(outcome: Outcome) -> Decided:
    receipt = outcome.receipt
    commits = None if receipt.first is None or receipt.last is None else (receipt.first, receipt.last)
    return Decided(outcome.settled, tuple(_still(outcome.failing)), commits)


def _still(failing: Sequence[tuple[Quarantined, tuple[Mapping[str, Any], ...]]]) -> Iterable[ReasonCount]:
    counted: Counter[tuple[str, str, str, str]] = Counter()
    example: dict[tuple[str, str, str, str], Mapping[str, Any]] = {}
    for record, reasons in failing:
        for reason in reasons[:1]:
            key = (record.type, str(reason["check"]), str(reason["dimension"]), record.action)
            counted[key] += 1
            example.setdefault(key, reason)
    return [ReasonCount(*key, count, example[key]) for key, count in counted.most_common()]
