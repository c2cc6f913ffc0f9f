"""Make .venv with the command `khue`, from a fresh clone, with nothing but Python 3.11 or newer.

Run by `make setup`: `python3 tools/bootstrap.py [--dev]`. Standard library only, no root, no system package is changed.
`uv` does the work. It is taken from the PATH, or from .tools/, or put there by pip, or, where pip is missing
(Debian without python3-pip and python3-venv), downloaded from the package index; uv.lock pins its version and its hash.
A second run looks at a stamp and does nothing as long as no input has changed.
"""

import base64
import hashlib
import html.parser
import os
import platform
import shutil
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
STAMP = ROOT / ".venv" / "khue-setup.stamp"
# What the environment is made from; a change of any of these makes it anew. Folders count whole.
INPUTS = ("pyproject.toml", "uv.lock", "hatch_build.py", "package.json", "package-lock.json", "src/khue/web/assets")
# What the build hook leaves behind (hatch_build.py).
BUILT = ROOT / "src" / "khue" / "web" / "static" / "manifest.json"
UV = "uv.exe" if os.name == "nt" else "uv"


class Stopped(Exception):
    """Setup cannot go on; the message says what to do."""


def main(arguments: Sequence[str]) -> int:
    """Make the environment, or do nothing if it is up to date."""
    try:
        setup(dev="--dev" in arguments)
    except Stopped as stopped:
        say(f"stopped: {stopped}")
        return 1
    except KeyboardInterrupt:
        say("interrupted. What was downloaded is kept: run `make setup` again to go on.")
        return 130
    return 0


def setup(*, dev: bool) -> None:
    """Bring .venv to what uv.lock says, with the development tools if asked for or if they are there already."""
    digest = digest_of(INPUTS)
    made = STAMP.read_text().split() if STAMP.exists() else []
    # Tools that are there, put by an earlier run or by hand, are not taken away.
    had_dev = "dev" in made or khue().with_name(khue().name.replace("khue", "pytest")).exists()
    if made[:1] == [digest] and (had_dev or not dev) and khue().exists() and BUILT.exists():
        return
    if sys.version_info < (3, 11):  # noqa: UP036 - run by whatever python3 the machine has
        raise Stopped(f"Python 3.11 or newer is needed, this is {platform.python_version()}; name one: make PYTHON=…")
    started = time.monotonic()
    dev = dev or had_dev
    say("1/2 looking for uv, the installer")
    uv = find_uv()
    say(f"2/2 installing {'all with the development tools' if dev else 'what Khuê needs'} into .venv (uv sync)")
    STAMP.unlink(missing_ok=True)
    sync(uv, dev=dev)
    STAMP.write_text(f"{digest} {'dev' if dev else 'run'}\n")
    say(f"ready in {time.monotonic() - started:.0f} s: .venv/bin/khue")


def say(line: str) -> None:
    """Show one line of progress at once."""
    print(f"setup: {line}", flush=True)


def khue() -> Path:
    """Return where the command is put."""
    return ROOT / ".venv" / ("Scripts/khue.exe" if os.name == "nt" else "bin/khue")


def digest_of(names: Iterable[str]) -> str:
    """Return a digest of the named files and folders under the root."""
    total = hashlib.sha256(platform.python_version().encode())
    for name in names:
        path = ROOT / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                total.update(str(file.relative_to(ROOT)).encode() + b"\0")
                total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def sync(uv: Path, *, dev: bool) -> None:
    """Let uv make .venv with this Python, from the lock and nothing else."""
    command = [str(uv), "sync", "--frozen", "--no-progress", "--python", sys.executable]
    if not BUILT.exists():
        command.append("--reinstall-package=khue")
    environment = {
        "UV_HTTP_TIMEOUT": "180",
        "UV_PYTHON_DOWNLOADS": "never",
        **os.environ,
        # uv must make .venv here, whatever environment the shell is in.
        "UV_PROJECT_ENVIRONMENT": str(ROOT / ".venv"),
    }
    environment.pop("VIRTUAL_ENV", None)
    if "SSL_CERT_FILE" in environment:
        # Node, which the build hook uses for npm, has its own name for the same thing.
        environment.setdefault("NODE_EXTRA_CA_CERTS", environment["SSL_CERT_FILE"])
    code = subprocess.run([*command, "--dev" if dev else "--no-dev"], cwd=ROOT, env=environment, check=False).returncode
    if code:
        raise Stopped(
            "uv could not install everything; its reason stands above. Slow or broken network: run `make setup` again, "
            "what was downloaded is kept (UV_HTTP_TIMEOUT=600 waits longer). Behind a proxy: set HTTPS_PROXY. "
            "Own certificate: set SSL_CERT_FILE. Own package index: set UV_DEFAULT_INDEX."
        )


def find_uv() -> Path:
    """Return a uv that runs: from the PATH, from .tools, by pip, or from the package index."""
    for candidate in (shutil.which("uv"), TOOLS / "bin" / UV):
        if candidate and works([str(candidate), "--version"]):
            return Path(candidate)
    version, wheels, index = locked_uv()
    if works([sys.executable, "-m", "pip", "--version"]):
        say(f"    pip puts uv {version} into .tools")
        # --target touches nothing outside .tools, so Debian's pip, which guards the system, lets it pass.
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--upgrade", "--target", str(TOOLS)]
        if subprocess.run([*pip, f"uv=={version}"], check=False).returncode == 0 and (TOOLS / "bin" / UV).exists():
            return TOOLS / "bin" / UV
        say("    pip could not; trying the package index directly")
    return fetch_uv(wheels, configured_index() or index)


def works(command: Sequence[str]) -> bool:
    """Return whether the command runs and ends well (a shim on the PATH may not)."""
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0
    except OSError:
        return False


def locked_uv() -> tuple[str, dict[str, str], str]:
    """Return what uv.lock says of uv: its version, its wheels (file name → sha256), its index."""
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    uv = next(package for package in packages if package["name"] == "uv")
    wheels = {wheel["url"].rsplit("/", 1)[-1]: wheel["hash"].removeprefix("sha256:") for wheel in uv["wheels"]}
    return uv["version"], wheels, uv["source"]["registry"]


def fetch_uv(wheels: dict[str, str], index: str) -> Path:
    """Download the wheel for this machine, compare its hash with the lock, unpack its program."""
    name = wheel_for_this_machine(wheels)
    say(f"    no pip here: downloading {name}")
    page = urllib.parse.urljoin(index.rstrip("/") + "/", "uv/")
    links = Links()
    links.feed(get(page).decode())
    address = next((link for link in links.found if urllib.parse.urlsplit(link).path.split("/")[-1] == name), None)
    if address is None:
        raise Stopped(f"the package index has no {name}; install uv yourself and run `make setup` again.")
    wheel = TOOLS / name
    TOOLS.mkdir(exist_ok=True)
    wheel.write_bytes(get(urllib.parse.urljoin(page, address)))
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != wheels[name]:
        wheel.unlink()
        raise Stopped(f"{name} from the package index is not the file that uv.lock names; it was thrown away.")
    return unpack(wheel)


def unpack(wheel: Path) -> Path:
    """Take the program `uv` out of its wheel into .tools/bin."""
    program = TOOLS / "bin" / UV
    program.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        inside = next(name for name in archive.namelist() if name.endswith(f".data/scripts/{UV}"))
        program.write_bytes(archive.read(inside))
    program.chmod(0o755)
    wheel.unlink()
    return program


def wheel_for_this_machine(wheels: Iterable[str]) -> str:
    """Return the wheel whose tags name this system and processor, GNU before musl."""
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    if sys.platform == "darwin":
        wanted = [("macosx", "arm64" if machine == "aarch64" else machine)]
    elif os.name == "nt":
        wanted = [("win", "amd64" if machine == "x86_64" else "arm64")]
    else:
        wanted = [("manylinux", machine), ("musllinux", machine)]
    if platform.libc_ver()[0] != "glibc":
        wanted.reverse()
    for system, processor in wanted:
        for name in sorted(wheels):
            if f"-{system}" in name and name.endswith(f"{processor}.whl"):
                return name
    raise Stopped(f"uv has no wheel for {sys.platform} on {machine}; install uv yourself and run `make setup` again.")


class Links(html.parser.HTMLParser):
    """The addresses on an index page (PEP 503)."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep where each anchor points."""
        self.found.extend(value for name, value in attrs if tag == "a" and name == "href" and value)


def get(address: str) -> bytes:
    """Return what stands at an http(s) address; a name and password in it are sent as Basic authorisation."""
    parts = urllib.parse.urlsplit(address)
    if parts.scheme not in {"http", "https"}:
        raise Stopped(f"the package index must be http or https, not {parts.scheme or address!r}.")
    host = parts.netloc.rpartition("@")[2]
    request = urllib.request.Request(  # noqa: S310 - the scheme is checked above
        urllib.parse.urlunsplit((parts.scheme, host, parts.path, parts.query, "")), headers={"Accept": "text/html,*/*"}
    )
    if parts.username:
        secret = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        request.add_header("Authorization", "Basic " + base64.b64encode(secret.encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
            return answer.read()
    except (urllib.error.URLError, TimeoutError, ConnectionError) as failure:
        raise Stopped(
            f"{host} does not answer ({failure}). Check the network (HTTPS_PROXY, SSL_CERT_FILE, UV_DEFAULT_INDEX), "
            "or install uv yourself, and run `make setup` again."
        ) from failure


def configured_index() -> str | None:
    """Return the package index that the machine's owner has set for uv or pip, if any."""
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        if os.environ.get(name):
            return os.environ[name]
    for file in pip_settings():
        settings = ConfigParser(interpolation=None)
        settings.read(file)
        if address := settings.get("global", "index-url", fallback=None):
            return address
    return None


def pip_settings() -> Iterator[Path]:
    """Yield where pip keeps its settings, the nearest first."""
    if os.environ.get("PIP_CONFIG_FILE"):
        yield Path(os.environ["PIP_CONFIG_FILE"])
    home = Path.home()
    yield from (home / ".config/pip/pip.conf", home / ".pip/pip.conf")
    yield from (Path("/etc/xdg/pip/pip.conf"), Path("/etc/pip.conf"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
