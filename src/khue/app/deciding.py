"""What an owner does with records that wait, whichever door it comes through: select, decide, export, mend."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import anyio.to_thread

from khue.app.catalogue import Catalogue
from khue.app.cycle import Cycle
from khue.app.mend import Correction, Mending, Outcome
from khue.contract.commit import Quarantined
from khue.contract.contract import Contract
from khue.contract.errors import NotFound, Refused
from khue.intake.workbook import Mended, Returned, read_workbook, write_workbook
from khue.intake.workbook import Waiting as Row
from khue.ledger.read import Reader
from khue.ledger.waiting import MOST, Selection, waiting

ROWS_OF_WORKBOOK = 5_000


@dataclass(frozen=True, slots=True)
class Desk:
    """Decisions on quarantine: reads by the reader, commits by the cycle."""

    cycle: Cycle
    reader: Reader
    catalogue: Catalogue
    secret: bytes
    actor: str = "local"

    @property
    def contracts(self) -> Mapping[str, Contract]:
        """The types that records can wait of; a draft type is not among them."""
        return self.catalogue.contracts

    @property
    def mending(self) -> Mending:
        """What makes the decisions."""
        return Mending(self.cycle, self.catalogue.sources)

    async def selected(self, selection: Selection) -> tuple[Quarantined, ...]:
        """Return every open record of a selection, with what was received."""
        found, total = await waiting(self.reader, selection)
        if selection.records and total < len(set(selection.records)):
            raise NotFound("A record does not wait (any more)", todo="read the list again: somebody may have decided")
        return found

    async def fix(self, selection: Selection, values: Mapping[str, Any], note: str) -> Outcome:
        """Give the selected records new values and judge them again."""
        found = await self.selected(selection)
        for each in found:
            self._require_properties(each, values)
        return await self._run(
            partial(self.mending.fix, [Correction(each, values) for each in found], self.actor, note)
        )

    async def release(self, selection: Selection, note: str) -> Outcome:
        """Confirm that the selected records are right as they were sent."""
        found = await self.selected(selection)
        return await self._run(partial(self.mending.release, found, self.actor, note))

    async def dismiss(self, selection: Selection, note: str) -> Outcome:
        """Put the selected records aside, with the reason."""
        found = await self.selected(selection)
        return await self._run(partial(self.mending.dismiss, found, self.actor, note))

    async def workbook(self, selection: Selection) -> bytes:
        """Return the selected records of one type as a workbook to mend."""
        found = await self.selected(selection)
        if not found:
            raise NotFound("No record waits in this selection")
        of = found[0].type
        rows = [_as_row(each) for each in found if each.type == of]
        return await anyio.to_thread.run_sync(write_workbook, rows, self._headings(of), self.secret)

    async def mend(self, file: Path, of: str, note: str = "") -> tuple[Outcome, Returned]:
        """Take a mended workbook of one type back: those records and no others."""
        content = await anyio.Path(file).read_bytes()
        back = await anyio.to_thread.run_sync(read_workbook, content, self._headings(of), self.secret, file.name)
        changes = {(row.seq, row.record): row.values for row in back.mended}
        found: Sequence[Quarantined] = ()
        if changes:
            found, _ = await waiting(self.reader, Selection(type=of, records=tuple(changes), limit=MOST))
        corrections = [Correction(each, changes[each.seq, each.record]) for each in found]
        gone = changes.keys() - {(each.seq, each.record) for each in found}
        faults = tuple(_no_longer(row) for row in back.mended if (row.seq, row.record) in gone)
        outcome = await self._run(partial(self.mending.fix, corrections, self.actor, note))
        return outcome, replace(back, faults=back.faults + faults)

    def _headings(self, of: str) -> Mapping[str, str]:
        contract = self.contracts.get(of)
        if contract is None:
            raise NotFound(f"There is no type {of!r}", todo="name the type of the records in the workbook")
        return {prop.name: prop.label.vi or prop.name for prop in contract.properties}

    def _require_properties(self, record: Quarantined, values: Mapping[str, Any]) -> None:
        known = self.contracts[record.type].by_name if record.type in self.contracts else values
        for name in values:
            if name not in known:
                raise Refused(f"{record.type} has no property {name!r}", todo=f"name one of {', '.join(known)}")

    async def _run(self, decide: Callable[[], Outcome]) -> Outcome:
        outcome = await anyio.to_thread.run_sync(decide)
        failing = list(outcome.failing)
        for seq, decided in outcome.refused:  # judging under the lock rejected some: their reasons are in the record
            again, _ = await waiting(self.reader, Selection(state=None, seq=seq, limit=MOST))
            failing += [(decided[each.record], each.reasons) for each in again]
        return replace(outcome, failing=tuple(failing), refused=())


def _no_longer(row: Mended) -> str:
    return f"Dòng {row.row}: bản ghi {row.seq}:{row.record} không còn chờ (đã có người xử lý); dòng này không được nhận"


def _as_row(record: Quarantined) -> Row:
    reason = "; ".join(str(each.get("vi") or each.get("check")) for each in record.reasons)
    return Row(record.seq, record.record, record.received or {}, reason)
