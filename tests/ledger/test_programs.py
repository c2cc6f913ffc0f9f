import os
import subprocess
from pathlib import Path

import pytest

from khue.ledger import programs


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server has another user; left to make test-long as root")
def test_programs_in_a_closed_folder_are_copied_and_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "COPIES", folder / "programs")
    monkeypatch.setattr(programs, "_open_to_all", lambda _: False)
    found = programs.embedded_programs()
    assert found.is_relative_to(folder / "programs")
    said = subprocess.run([found / "initdb", "--version"], capture_output=True, text=True, check=True).stdout
    assert "18" in said
    assert programs.embedded_programs() == found
