"""`khue contract`: lint contracts, propose one from real data, and say what a change breaks."""

import sys
from pathlib import Path

import click
import orjson

from khue.clean.infer import infer as propose
from khue.contract.difference import breaking
from khue.contract.lint import lint_file
from khue.contract.odcs import read_contract
from khue.intake.sample import sample_of

EXISTING = click.Path(exists=True, path_type=Path)


@click.group()
def contract() -> None:
    """Check data contracts (ODCS 3.1), propose them from data, compare versions."""


@contract.command()
@click.argument("paths", nargs=-1, required=True, type=EXISTING)
@click.option("--json", "as_json", is_flag=True, help="answer JSON")
def lint(paths: tuple[Path, ...], *, as_json: bool) -> None:
    """Say everything that is wrong with contracts, with file and line. Exit 1 where something is."""
    files = [file for path in paths for file in (sorted(path.rglob("contracts/*.yaml")) if path.is_dir() else [path])]
    findings = [finding for file in files for finding in lint_file(file)]
    if as_json:
        click.echo(orjson.dumps([{"where": f.where, "what": f.what, "todo": f.todo} for f in findings]).decode())
    else:
        for finding in findings:
            click.echo(f"{finding.where}: {finding.what}. {finding.todo}")
        click.echo(f"{len(files)} contracts, {len(findings)} findings", err=True)
    if findings:
        sys.exit(1)


@contract.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", default=None, help="name of the type; the file's name if not given")
def infer(file: Path, name: str | None) -> None:
    """Propose a contract from FILE, with a profile of every column, to edit and approve."""
    click.echo(propose(sample_of(file), name or file.stem))


@contract.command()
@click.argument("old", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("new", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="answer JSON")
def diff(old: Path, new: Path, *, as_json: bool) -> None:
    """Say whether NEW breaks readers of OLD, and so needs a new major version. Exit 1 where it does."""
    reasons = breaking(read_contract(old), read_contract(new))
    if as_json:
        click.echo(orjson.dumps({"breaking": bool(reasons), "reasons": list(reasons)}).decode())
    else:
        click.echo("\n".join(reasons) or "No reader breaks: the change is made in place")
    if reasons:
        sys.exit(1)
