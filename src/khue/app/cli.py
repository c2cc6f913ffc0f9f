"""The command `khue`: what every person and script calls."""

import sys
from collections.abc import Sequence

import click
import orjson

from khue.app.commands.contract import contract
from khue.app.commands.ingest import ingest
from khue.app.commands.keep import backup, doctor, erase, replay, restore, retention, revert, verify
from khue.app.commands.log import log
from khue.app.commands.quarantine import quarantine
from khue.app.commands.serve import public, serve, web, worker
from khue.contract.errors import KhueError, Refused, TryAgain


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="khue")
def khue() -> None:
    """Khuê: an open intelligent operations centre for a city."""


for _command in (
    serve, web, public, worker, ingest, quarantine, contract, log, verify, replay, revert, erase, retention, backup,
    restore, doctor,
):  # fmt: skip
    khue.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exit 0 done, 1 findings, 2 refused, 3 misconfigured, 4 try again."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        sys.exit(khue.main(args=words, prog_name="khue", standalone_mode=False) or 0)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        _tell(_refused(error), as_json="--json" in words)
        sys.exit(Refused.exit_code)
    except KhueError as error:
        _tell(error, as_json="--json" in words)
        sys.exit(error.exit_code)
    except OSError as error:
        _tell(TryAgain(error.strerror or str(error), where=str(error.filename or "")), as_json="--json" in words)
        sys.exit(TryAgain.exit_code)


def _refused(error: click.ClickException) -> Refused:
    """Return a wrong command line as our own error: one line, or JSON."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    return Refused(error.format_message(), todo=f"See `{context.command_path} --help`" if context else "")


def _tell(error: KhueError, *, as_json: bool) -> None:
    if as_json:
        click.echo(orjson.dumps(error.problem()).decode())
    else:
        click.echo(f"khue: {error.sentence()}", err=True)


if __name__ == "__main__":
    main()
