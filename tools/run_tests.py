"""Run pytest as `make test` does; where CI=true, a test that skips for want of a system part fails the run.

`make test` hands over its arguments: python tools/run_tests.py tests/clean -k dates.
"""

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

# A skip may say one of these and pass in CI: it is left to the long run, or wants real files that no clone brings.
ALLOWED = ("make test-long", "../shared/data")


def main(arguments: Sequence[str]) -> int:
    """Return pytest's exit code, or 1 if CI lacked something that a test needs."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "tests.xml"
        command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "worksteal", "--durations", "15", "-rs"]
        code = subprocess.run([*command, f"--junitxml={report}", *arguments], check=False).returncode
        if code or os.environ.get("CI") != "true":
            return code
        missing = sorted(skips(report))
    for line in missing:
        print(f"CI must not skip: {line}")
    return 1 if missing else 0


def skips(report: Path) -> set[str]:
    """Return each test that skipped, with its reason, but those that wait for the long run or fail as expected."""
    found: set[str] = set()
    for case in ET.parse(report).getroot().iter("testcase"):  # noqa: S314 - pytest has just written it
        for skip in case.findall("skipped"):
            reason = skip.get("message") or ""
            if skip.get("type") != "pytest.xfail" and not any(words in reason for words in ALLOWED):
                found.add(f"{case.get('classname')}::{case.get('name')}: {reason}")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
