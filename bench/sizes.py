"""How much each bench does: `KHUE_BENCH_<NAME>=<number>` makes it smaller or larger than its default."""

import os


def size(name: str, default: int) -> int:
    """Return the number set for a name, such as FILE_ROWS, or its default."""
    return int(os.environ.get(f"KHUE_BENCH_{name}", default))  # noqa: TID251  a bench is no part of the product


def inherited() -> dict[str, str]:
    """Return the environment for a child process, without the settings of a Khuê that runs here."""
    return {name: value for name, value in os.environ.items() if not name.startswith("KHUE_")}  # noqa: TID251
