"""Measure everything that has a floor and write bench/results.json: `make bench`, or `bench/run.py ingest_http clean`.

Each `bench/bench_<name>.py` has `measure() -> list[dict]`; a dict has `name`, `value`, `unit`, `floor` (the same work
done the barest way, on this machine, in turn with it) and `ratio` (value over floor; None where there is no floor).
A subject that was not measured this time keeps its earlier line, with its commit and its machine.
"""

import importlib.util
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
KEYS = ("name", "value", "unit", "floor", "ratio")
Measure = Callable[[], list[dict[str, Any]]]


def main(wanted: Sequence[str]) -> int:
    """Run the wanted subjects, all by default; return 1 if one of them is unknown."""
    subjects = {file.stem.removeprefix("bench_"): file for file in sorted(HERE.glob("bench_*.py"))}
    if unknown := set(wanted) - set(subjects):
        print(f"bench: no {', '.join(sorted(unknown))}; there are {', '.join(subjects)}")
        return 1
    sys.path.insert(0, str(HERE))
    for name in wanted or subjects:
        print(f"bench: {name} …", flush=True)
        began = time.monotonic()
        keep(measured(subjects[name]))
        print(f"bench: {name} took {time.monotonic() - began:.0f} s", flush=True)
    return 0


def measured(file: Path) -> list[dict[str, Any]]:
    """Return the lines of one subject, each with the machine and the commit, and print them."""
    lines = [{**{key: line.get(key) for key in KEYS}, **line, **here()} for line in load(file)()]
    for line in lines:
        ratio = "" if line["ratio"] is None else f" = {line['ratio']:.2f} × floor {line['floor']:,.1f}"
        print(f"    {line['name']}: {line['value']:,.1f} {line['unit']}{ratio}", flush=True)
    return lines


def load(file: Path) -> Measure:
    """Return the function `measure` of a file."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    return cast("Measure", module.measure)


def here() -> dict[str, str]:
    """Return the machine and the commit that a figure belongs to; `+` marks work not committed."""
    commit = git("rev-parse", "--short=12", "HEAD") + (
        "+" if git("status", "--porcelain", "--untracked-files=no") else ""
    )
    return {
        "machine": f"{os.cpu_count()} cores, {memory()}, {platform.machine()} {platform.system()}",
        "commit": commit,
    }


def memory() -> str:
    """Return the memory of this machine in GiB."""
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"


def git(*words: str) -> str:
    """Return what git says."""
    return subprocess.run(["git", *words], cwd=HERE, capture_output=True, text=True, check=False).stdout.strip()


def keep(lines: list[dict[str, Any]]) -> None:
    """Write the lines into the results, in place of those of the same names; a crash later loses none of them."""
    before = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    named = {line["name"]: line for line in [*before, *lines]}
    RESULTS.write_text(
        json.dumps(sorted(named.values(), key=lambda line: line["name"]), indent=1, ensure_ascii=False) + "\n"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
