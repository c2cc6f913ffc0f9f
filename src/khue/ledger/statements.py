"""SQL that lies in named files: `sql/<name>.sql`, with places {like_this} where a contract fills in its columns."""

from functools import cache
from importlib.resources import files

FOLDER = files("khue.ledger") / "sql"


@cache
def template(name: str) -> str:
    """Return the text of `sql/<name>.sql` without its comment lines."""
    text = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))


def fill(name: str, **places: object) -> str:
    """Return the statement `name` with its places filled; braces that SQL itself needs are doubled in the file."""
    return template(name).format(**places)


def quoted(*names: str) -> str:
    """Return the names as one SQL name: each in double quotes, with dots between."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def literal(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
