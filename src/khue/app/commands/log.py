"""`khue log`: the last commits, newest first."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict

import click
import orjson

from khue.app.opened import opened
from khue.app.settings import read_settings
from khue.clean.place import cells
from khue.contract.commit import Commit
from khue.ledger.entries import Commits
from khue.ledger.read import Reader

FATES = ("clean", "flagged", "held", "rejected", "unchanged")


@click.command()
@click.option("--type", "type_name", default=None, help="commits of this type")
@click.option("--source", default=None, help="commits of this source")
@click.option("--before", type=int, default=None, help="commits before this one")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="how many")
@click.option("--json", "as_json", is_flag=True, help="answer one JSON object a line")
def log(type_name: str | None, source: str | None, before: int | None, limit: int, *, as_json: bool) -> None:
    """List the last commits, newest first: who brought what, and what became of it."""
    types = [type_name] if type_name else None
    which = Commits(before=before, types=types, sources=[source] if source else None, limit=limit)
    for commit in asyncio.run(_read(which)):
        click.echo(orjson.dumps(asdict(commit)).decode() if as_json else _line(commit))


async def _read(which: Commits) -> Sequence[Commit]:
    with opened(read_settings()) as house:
        async with Reader(house.database, house.catalogue.contracts, cells) as reader:
            return await reader.commits(which)


def _line(commit: Commit) -> str:
    fates = ", ".join(f"{commit.counts[fate]:,} {fate}" for fate in FATES if commit.counts.get(fate))
    moment = commit.recorded_at.strftime("%Y-%m-%d %H:%M:%S")
    said = f"{commit.seq:>7}  {moment}  {commit.kind:<10} {commit.type:<14} {commit.source} ({commit.actor})"
    return f"{said}: {fates}" if fates else said
