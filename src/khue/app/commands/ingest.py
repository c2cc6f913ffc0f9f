"""`khue ingest`: one file into the record, or into nothing but its report."""

import sys
import time
from pathlib import Path

import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from khue.app.filing import Filed, Filing, file_in
from khue.app.opened import opened
from khue.app.settings import read_settings
from khue.contract.errors import Refused


@click.command()
@click.option("--type", "type_name", required=True, help="type of the records, e.g. rain_gauge")
@click.option("--source", default=None, help="source as declared in a domain; found from the headings if not given")
@click.option("--dry-run", is_flag=True, help="judge and report, write nothing")
@click.option("--json", "as_json", is_flag=True, help="end with one line of JSON")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def ingest(type_name: str, source: str | None, file: Path, *, dry_run: bool, as_json: bool) -> None:
    """Take FILE in: decode, clean, commit. The same file again changes nothing."""
    began = time.monotonic()
    if not file.is_file():
        raise Refused(f"{file} is no file on a disk", todo="Write what it gives to a file first")
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[done]}"), TimeElapsedColumn())
    with (
        opened(read_settings()) as house,
        Progress(*columns, console=console, disable=not sys.stderr.isatty(), transient=True) as progress,
    ):
        task = progress.add_task(file.name, total=None, done="")

        def shown(filed: Filed) -> None:
            progress.update(task, total=filed.total or None, completed=filed.read, done=f"{filed.receipt.received:,}")

        filing = Filing(type_name, file, source, dry_run=dry_run, progress=shown)
        filed = file_in(house.cycle, house.catalogue.sources, filing)
    if as_json:
        answer = {**filed.as_json(), "seconds": round(time.monotonic() - began, 3)}
        click.echo(orjson.dumps(answer).decode())
    else:
        click.echo(filed.as_text())
