"""Other people's tools read our contracts: the public linter of the standard passes on each."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = os.pathsep.join((str(ROOT / ".tools"), str(ROOT / ".tools" / "bin")))
UV = shutil.which("uv") or shutil.which("uv", path=OURS)


@pytest.mark.timeout(280)
def test_datacontract_lint_passes_on_every_contract_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    if UV is None:
        pytest.skip("uv is not here, and datacontract-cli needs an environment of its own")
    ready = subprocess.run(
        [UV, "tool", "run", "--from", "datacontract-cli==1.2.8", "datacontract", "--version"],
        capture_output=True,
        text=True,
        check=False,
    )
    if ready.returncode:
        pytest.skip(f"datacontract-cli cannot be had here: {ready.stderr.strip().splitlines()[-1:]}")
    monkeypatch.setenv("PATH", str(Path(UV).parent), prepend=os.pathsep)
    done = subprocess.run(
        ["sh", str(ROOT / "tools" / "lint_contracts.sh")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    shipped = list((ROOT / "src" / "khue" / "domains").glob("*/contracts/*.yaml"))
    assert done.stdout.count("passed") == len(shipped) > 0
