"""The commands that keep the record: prove it, judge it again, undo, forget, save, restore, look after it."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import orjson

from khue.app.forgetting import erase_one, erase_seq, forget_due, undo
from khue.app.opened import opened, server_settings
from khue.app.replay import replay as replay_type
from khue.app.settings import read_settings
from khue.contract.clock import system_clock
from khue.contract.errors import Refused
from khue.ledger.backup import backup as write_backup
from khue.ledger.doctor import examine, worst
from khue.ledger.erase import Warrant
from khue.ledger.restore import restore as restore_into
from khue.ledger.server import administer, attach
from khue.ledger.verify import verify as prove

JSON = click.option("--json", "as_json", is_flag=True, help="answer JSON")
FINDINGS = 1  # exit code where something was found


def _tell(answer: object, text: str, *, as_json: bool) -> None:
    click.echo(orjson.dumps(answer, default=str).decode() if as_json else text)


@click.command()
@JSON
def verify(*, as_json: bool) -> None:
    """Prove the record: chain, digests, counts, state = fold of history. Exit 1 where something does not hold."""
    settings = read_settings()
    with attach(settings.data, settings.database_url or None, server_settings(settings)) as database:
        findings = prove(database)
    text = "\n".join(f"{each.law}: commit {each.seq} {each.type}: {each.what}" for each in findings)
    _tell({"ok": not findings, "findings": [asdict(f) for f in findings]}, text or "The record holds", as_json=as_json)
    if findings:
        sys.exit(FINDINGS)


@click.command()
@click.option("--type", "type_name", required=True, help="type to judge again")
@JSON
def replay(type_name: str, *, as_json: bool) -> None:
    """Judge raw bytes again under the present contract; append the differences, change nothing known."""
    with opened(read_settings()) as house:
        done = replay_type(house, type_name)
    counts = {
        "commits": done.commits,
        "judged": done.judged,
        "superseded": done.superseded,
        "differing": done.differing,
    }
    text = f"{done.judged:,} records of {done.commits:,} commits judged, {done.differing:,} differ"
    _tell({**counts, "receipt": done.receipt.as_json()}, text, as_json=as_json)


@click.command()
@click.argument("commit", type=int)
@click.option("--note", default="", help="why")
@JSON
def revert(commit: int, note: str, *, as_json: bool) -> None:
    """Restore what was before COMMIT, except where somebody changed it since. Nothing is erased by it."""
    with opened(read_settings()) as house:
        done = undo(house, commit, "local", note)
    kept = f", {len(done.kept)} changed since were left" if done.kept else ""
    answer = {**done.receipt.as_json(), "kept": list(done.kept)}
    _tell(answer, f"commit {commit} undone by commit {done.receipt.first}{kept}", as_json=as_json)


@click.command()
@click.option("--type", "type_name", default="", help="type of the entity")
@click.option("--id", "entity_id", default="", help="entity that is forgotten, with all its versions")
@click.option("--commit", "seq", type=int, default=0, help="commit that is forgotten")
@click.option("--why", required=True, help="why it must be forgotten")
@click.option("--law", required=True, help="by which law")
@JSON
def erase(**given: Any) -> None:  # noqa: ANN401  click hands over options of all types
    """Forget an entity or a commit for good; digests stay, so that the record still verifies."""
    warrant = Warrant("local", given["why"], given["law"])
    with opened(read_settings()) as house:
        if given["seq"]:
            done = erase_seq(house, given["seq"], warrant)
        elif given["type_name"] and given["entity_id"]:
            done = erase_one(house, given["type_name"], given["entity_id"], warrant)
        else:
            raise Refused("Nothing is named", where="erase", todo="give --type and --id, or --commit")
    _tell(done.as_json(), f"erased by commit {done.first}", as_json=given["as_json"])


@click.command()
@JSON
def retention(*, as_json: bool) -> None:
    """Forget what is older than its contract keeps; the worker does it each night."""
    with opened(read_settings()) as house:
        said = forget_due(house)
    _tell({"forgotten": said}, "\n".join(said) or "Nothing is due", as_json=as_json)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@JSON
def backup(file: Path, *, as_json: bool) -> None:
    """Write the whole record to FILE while the city goes on."""
    settings = read_settings()
    with attach(settings.data, settings.database_url or None, server_settings(settings)) as database:
        done = write_backup(database, file, system_clock)
    _tell(asdict(done), f"{file}: {done.rows:,} rows up to commit {done.seq}, {done.bytes:,} bytes", as_json=as_json)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@JSON
def restore(file: Path, *, as_json: bool) -> None:
    """Fill an empty data folder (KHUE_DATA) or database from a backup."""
    settings = read_settings()
    with administer(settings.data, settings.database_url or None, server_settings(settings)) as administrator:
        done = restore_into(file, administrator)
    _tell(asdict(done), f"restored: {done.rows:,} rows up to commit {done.seq}", as_json=as_json)


@click.command()
@JSON
def doctor(*, as_json: bool) -> None:
    """Say how the house is, and what to do. Exit 1 where something is bad."""
    settings = read_settings()
    with attach(settings.data, settings.database_url or None, server_settings(settings)) as database:
        facts = examine(database, settings.data, system_clock)
    marks = {"ok": "  ok ", "warn": " !   ", "bad": " !!! "}
    lines = [
        f"{marks[each.state]}{each.name}: {each.sentence.en}" + (f". {each.todo.en}" if each.todo.en else "")
        for each in facts
    ]
    _tell({"worst": worst(facts), "facts": [asdict(each) for each in facts]}, "\n".join(lines), as_json=as_json)
    if worst(facts) == "bad":
        sys.exit(FINDINGS)
