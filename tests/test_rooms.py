"""The rooms are held: import-linter keeps its word on the house, and breaks on each fault planted in a copy."""

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LINT = Path(sysconfig.get_path("scripts")) / "lint-imports"
PLANTED = {
    "an import upwards": ("contract/planted.py", "import khue.web", "on a level"),
    "an import between siblings": ("intake/planted.py", "import khue.sharing", "on a level"),
    "an import for types only": (
        "clean/planted.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import khue.ledger",
        "on a level",
    ),
    "an import inside a function": ("clean/planted.py", "def f():\n    import khue.app", "on a level"),
    "a room that nobody argued for": ("reports/__init__.py", "", "on a level"),
    "a socket in a pure room": ("clean/planted.py", "import socket", "no I/O"),
    "a driver outside the ledger": ("web/planted.py", "import psycopg", "database driver"),
    "a web server in the ledger": ("ledger/planted.py", "import starlette", "no HTTP"),
    "a domain that reaches into the house": ("domains/planted.py", "import khue.clean", "nothing else of the house"),
    "a domain that imports another": ("domains/planted.py", "import khue.domains.environment", "never imports another"),
    "a page that knows a domain by name": ("web/planted.py", "import khue.domains.environment", "Only the catalogue"),
}


def broken(folder: Path) -> list[str]:
    """Return the contracts that the house in `folder` breaks."""
    command = [sys.executable, str(LINT), "--no-logo", "--no-cache"]
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60).stdout
    assert "Contracts:" in answer, answer
    return re.findall(r"^(.*) BROKEN$", answer, re.MULTILINE)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Return a copy of the house where faults may be planted."""
    code = shutil.ignore_patterns("static", "assets", "__pycache__", "samples")
    shutil.copytree(ROOT / "src" / "khue", tmp_path / "khue", ignore=code)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_house_keeps_every_contract(house: Path) -> None:
    assert broken(house) == []


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_caught(house: Path, fault: str) -> None:
    name, code, contract = PLANTED[fault]
    file = house / "khue" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(code + "\n")
    assert any(contract in line for line in broken(house))
