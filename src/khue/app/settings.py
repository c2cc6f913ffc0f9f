"""The settings: one table of name, default and help, read from the environment here and nowhere else."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from dataclasses import field as default
from pathlib import Path

from khue.contract.errors import Misconfigured

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Settings:
    """What differs between two installations and is no fact of a city; each is `KHUE_<NAME>`."""

    data: Path = default(default=Path(), metadata={"help": "folder of the embedded database, secrets and backups"})
    database_url: str = default(default="", metadata={"help": "another PostgreSQL ≥ 15 instead of the embedded one"})
    host: str = default(default="127.0.0.1", metadata={"help": "address that pages are served on; loopback only"})
    port: int = default(default=8000, metadata={"help": "port that pages are served on"})
    hosts: str = default(
        default="127.0.0.1,localhost,::1", metadata={"help": "names that the pages may be asked for by, with commas"}
    )
    city: str = default(default="", metadata={"help": "folder with city.toml; empty = the demonstration city"})
    ingest_key: str = default(default="", metadata={"help": "key that HTTP pushes must send; empty = none is needed"})
    public_address: str = default(
        default="", metadata={"help": "address of the public's login; `khue serve` gives it to `khue public`"}
    )
    web_workers: int = default(default=1, metadata={"help": "number of web processes under `khue serve`"})
    live_seconds: float = default(default=5.0, metadata={"help": "seconds between two rounds of the simulated sources"})
    memory_mb: int = default(default=0, metadata={"help": "shared memory of the embedded database; 0 = a quarter"})


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of `environment` (the process's own by default).

    Raises Misconfigured for an unknown `KHUE_` name with a near neighbour, a number that is none, or a host that is
    not this machine.
    """
    given = os.environ if environment is None else environment
    values: dict[str, object] = {}
    for field in fields(Settings):
        text = given.get(f"KHUE_{field.name.upper()}", "").strip()
        if text:
            values[field.name] = _typed(field.name, field.default, text)
    values.setdefault("data", default_data())
    settings = Settings(**values)  # pyright: ignore[reportArgumentType]
    if settings.host not in LOOPBACK:
        raise Misconfigured(
            f"khue does not serve on {settings.host}",
            where="KHUE_HOST",
            why="until accounts and permissions exist, whoever reaches the port may do everything",
            todo="leave KHUE_HOST at 127.0.0.1 and put an authenticating proxy on this machine in front",
        )
    return settings


def _typed(name: str, initial: object, text: str) -> object:
    if isinstance(initial, Path):
        return Path(text).expanduser().resolve()
    if isinstance(initial, bool) or not isinstance(initial, int | float):
        return text
    try:
        return type(initial)(text)
    except ValueError as error:
        raise Misconfigured(
            f"“{text}” is no number", where=f"KHUE_{name.upper()}", todo=f"give a number such as {initial}"
        ) from error


def default_data() -> Path:
    """Return `.khue` in the working folder, or a folder under /var/lib where root works in a closed one.

    The embedded PostgreSQL never runs as root; its unprivileged user must be able to enter the folder.
    """
    here = Path.cwd() / ".khue"
    if os.geteuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in here.parents):
        return here
    name = "-".join(Path.cwd().parts[1:]) or "root"
    return Path("/var/lib/khue") / name


def public_environment(public_address: str) -> Mapping[str, str]:
    """Return the environment of the public's process: this one's, without what leads to another login."""
    kept = {name: value for name, value in os.environ.items() if name not in ("KHUE_DATABASE_URL", "KHUE_INGEST_KEY")}
    return {**kept, "KHUE_PUBLIC_ADDRESS": public_address}
