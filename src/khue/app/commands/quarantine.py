"""`khue quarantine`: the records that wait for their owner, and what the owner decides."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click
import orjson

from khue.app.deciding import ROWS_OF_WORKBOOK, Desk
from khue.app.mend import Outcome
from khue.app.opened import opened
from khue.app.settings import read_settings
from khue.clean.place import cells
from khue.contract.errors import Refused
from khue.ledger.read import Reader
from khue.ledger.waiting import MOST, Selection, reasons, waiting

FINDINGS = 1  # exit code where something still fails
T = TypeVar("T")
Command = Callable[..., None]


@click.group()
def quarantine() -> None:
    """Decide on records that wait for their owner: list, fix, release, dismiss, workbook, mend."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which records a command means, and how it answers."""

    selection: Selection
    as_json: bool


def _selecting(command: Command) -> Command:
    """Add the options that say which records are meant; the command gets them as one `chosen`."""

    @wraps(command)
    def chosen(**given: Any) -> None:  # noqa: ANN401  click hands over options of all types
        names = ("type_name", "source", "check", "records", "as_json")
        type_name, source, check, records, as_json = (given.pop(name) for name in names)
        pairs = tuple(_pair(text) for text in records)
        selection = Selection(type=type_name, source=source, check=check, records=pairs, limit=MOST)
        command(Chosen(selection, as_json), **given)

    wrapped: Command = chosen
    for option in (
        click.option("--type", "type_name", default=None, help="records of this type"),
        click.option("--source", default=None, help="records of this source"),
        click.option("--check", default=None, help="records that failed this check"),
        click.option("--record", "records", multiple=True, help="one record, as seq:record"),
        click.option("--json", "as_json", is_flag=True, help="answer JSON"),
    ):
        wrapped = option(wrapped)
    return wrapped


def _pair(text: str) -> tuple[int, int]:
    seq, _, record = text.replace(".", ":").partition(":")
    if not (seq.isdecimal() and record.isdecimal()):
        raise Refused(f"“{text}” names no record", todo="write seq:record, as `khue quarantine list` does")
    return int(seq), int(record)


def _needed(chosen: Chosen) -> Selection:
    if not (chosen.selection.records or chosen.selection.check):
        raise Refused("No record is chosen", todo="name --record SEQ:RECORD, or --check NAME for all of one reason")
    return chosen.selection


def _at_desk(work: Callable[[Desk], Awaitable[T]]) -> T:
    async def run() -> T:
        with opened(read_settings()) as house:
            async with Reader(house.database, house.catalogue.contracts, cells) as reader:
                return await work(Desk(house.cycle, reader, house.catalogue, house.secret))

    return asyncio.run(run())


def _answer(outcome: Outcome, *, as_json: bool, faults: Sequence[str] = ()) -> None:
    """Tell what became of a decision; exit 1 where a record still fails, or a row of a workbook was not taken."""
    failing = [{"record": f"{q.seq}:{q.record}", "reasons": list(why)} for q, why in outcome.failing]
    if as_json:
        answer = {"settled": outcome.settled, "failing": failing, "faults": list(faults), **outcome.receipt.as_json()}
        click.echo(orjson.dumps(answer).decode())
    else:
        click.echo(f"{outcome.settled} settled, {len(failing)} still fail")
        for record, why in outcome.failing:
            click.echo(f"  {record.seq}:{record.record}  " + "; ".join(str(reason["vi"]) for reason in why))
        for fault in faults:
            click.echo(fault, err=True)
    if failing or faults:
        sys.exit(FINDINGS)


@quarantine.command("list")
@_selecting
def show(chosen: Chosen) -> None:
    """List what waits: reasons by count, then the oldest records."""

    async def work(desk: Desk) -> None:
        counted = await reasons(desk.reader, chosen.selection)
        found, total = await waiting(desk.reader, replace(chosen.selection, limit=50))
        if chosen.as_json:
            rows = [{"record": f"{q.seq}:{q.record}", "type": q.type, "reasons": list(q.reasons)} for q in found]
            by_check = {f"{one.type}.{one.check}": one.records for one in counted}
            click.echo(orjson.dumps({"waiting": total, "by_check": by_check, "records": rows}).decode())
            return
        click.echo(f"{total} records wait")
        for one in counted:
            click.echo(f"{one.records:>9,}  {one.type}.{one.check}  {one.example.get('vi', '')}")
        for q in found:
            click.echo(f"  {q.seq}:{q.record}  {q.type}  " + "; ".join(str(reason["vi"]) for reason in q.reasons))

    _at_desk(work)


@quarantine.command("fix")
@_selecting
@click.option("--set", "changes", multiple=True, required=True, help="property=value")
@click.option("--note", default="", help="why")
def fix_command(chosen: Chosen, changes: tuple[str, ...], note: str) -> None:
    """Give records new values and judge them again; those that pass enter the record."""
    values: dict[str, str] = {}
    for change in changes:
        name, _, value = change.partition("=")
        values[name] = value
    selection = _needed(chosen)
    _answer(_at_desk(lambda desk: desk.fix(selection, values, note)), as_json=chosen.as_json)


@quarantine.command("release")
@_selecting
@click.option("--note", default="", help="why they are right")
def release_command(chosen: Chosen, note: str) -> None:
    """Confirm that records are right as they were sent."""
    selection = _needed(chosen)
    _answer(_at_desk(lambda desk: desk.release(selection, note)), as_json=chosen.as_json)


@quarantine.command("dismiss")
@_selecting
@click.option("--note", required=True, help="why they stay out")
def dismiss_command(chosen: Chosen, note: str) -> None:
    """Put records aside, with the reason."""
    selection = _needed(chosen)
    _answer(_at_desk(lambda desk: desk.dismiss(selection, note)), as_json=chosen.as_json)


@quarantine.command()
@_selecting
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def workbook(chosen: Chosen, file: Path) -> None:
    """Write what waits to FILE (.xlsx) to be mended there."""
    limited = replace(chosen.selection, limit=ROWS_OF_WORKBOOK)
    file.write_bytes(_at_desk(lambda desk: desk.workbook(limited)))
    click.echo(orjson.dumps({"file": str(file)}).decode() if chosen.as_json else f"written to {file}")


@quarantine.command()
@click.option("--json", "as_json", is_flag=True, help="answer JSON")
@click.option("--type", "type_name", required=True, help="type of the records in the workbook")
@click.option("--note", default="", help="why")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def mend(file: Path, type_name: str, note: str, *, as_json: bool) -> None:
    """Take a mended workbook back: its records and no others; say which still fail."""
    outcome, back = _at_desk(lambda desk: desk.mend(file, type_name, note))
    _answer(outcome, as_json=as_json, faults=back.faults)
