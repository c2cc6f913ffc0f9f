"""Khuê is Apache-2.0: nothing it installs may ask for more than LGPL does."""

import re
import tomllib
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# "GPL" but not "LGPL" and not "Lesser"; the long names count too.
COPYLEFT = re.compile(r"(?<!L)\bA?GPL|GNU (Affero )?General Public", re.IGNORECASE)
CHOICE = re.compile(r"\bOR\b")
INSTALLED = sorted(distributions(), key=lambda found: found.name.lower())


def licences(found: Distribution) -> list[str]:
    """Return what a package says of its licence: the SPDX expression, else its classifiers, else its field."""
    about = found.metadata
    if about["License-Expression"]:
        return CHOICE.split(about["License-Expression"])
    told = [line for line in about.get_all("Classifier") or [] if line.startswith("License ::")]
    return told or [(about["License"] or "").strip().split("\n")[0]]


@pytest.mark.parametrize("found", INSTALLED, ids=lambda found: found.name)
def test_no_package_is_gpl_or_agpl(found: Distribution) -> None:
    choices = licences(found)
    assert any(not COPYLEFT.search(choice) for choice in choices), f"{found.name}: {choices}"
    assert any(choices), f"{found.name} does not say its licence"


def test_everything_that_runs_with_khue_is_locked_with_a_hash() -> None:
    locked = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    loose = [
        p["name"] for p in locked for wheel in p.get("wheels", []) if not wheel.get("hash", "").startswith("sha256:")
    ]
    assert not loose
    assert [p["name"] for p in locked if "registry" not in p["source"]] == ["khue"]
