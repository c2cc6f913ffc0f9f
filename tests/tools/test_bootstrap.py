"""Setup from Python alone: the installer's wheel comes from the configured index and is the one that uv.lock names."""

import hashlib
import importlib.util
import sys
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINUX = (
    "uv-1-py3-none-linux_armv6l.whl",
    "uv-1-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl",
    "uv-1-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "uv-1-py3-none-musllinux_1_1_x86_64.whl",
    "uv-1-py3-none-win_amd64.whl",
)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Say nothing."""


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "tools" / "bootstrap.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "TOOLS", tmp_path / "tools")
    return module


@pytest.fixture
def wheel(tmp_path: Path, bootstrap: ModuleType) -> Path:
    folder = tmp_path / "index" / "uv"
    folder.mkdir(parents=True)
    path = folder / bootstrap.wheel_for_this_machine(LINUX)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("uv-1.data/scripts/uv", "#!/bin/sh\necho uv 1\n")
    return path


@pytest.fixture
def index(tmp_path: Path) -> Iterator[str]:
    handler = partial(Quiet, directory=str(tmp_path / "index"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://name:pass%40word@127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_uv_comes_from_the_index_where_there_is_no_pip(bootstrap: ModuleType, wheel: Path, index: str) -> None:
    program = bootstrap.fetch_uv({wheel.name: digest(wheel)}, index)
    assert bootstrap.works([str(program), "--version"])


def test_a_wheel_that_the_lock_does_not_name_is_thrown_away(bootstrap: ModuleType, wheel: Path, index: str) -> None:
    with pytest.raises(bootstrap.Stopped, match=r"not the file that uv\.lock names"):
        bootstrap.fetch_uv({wheel.name: "0" * 64}, index)
    assert list(bootstrap.TOOLS.iterdir()) == []


def test_an_index_that_does_not_answer_says_what_to_do(bootstrap: ModuleType, wheel: Path) -> None:
    with pytest.raises(bootstrap.Stopped, match=r"run `make setup` again"):
        bootstrap.fetch_uv({wheel.name: ""}, "http://127.0.0.1:9")


@pytest.mark.parametrize(
    ("machine", "libc", "wanted"), [("x86_64", "glibc", 2), ("aarch64", "glibc", 1), ("x86_64", "", 3)]
)
def test_the_wheel_fits_the_processor_and_the_c_library(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, machine: str, libc: str, wanted: int
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(bootstrap.platform, "machine", lambda: machine)
    monkeypatch.setattr(bootstrap.platform, "libc_ver", lambda: (libc, ""))
    assert bootstrap.wheel_for_this_machine(LINUX) == LINUX[wanted]


def test_the_lock_names_uv_for_this_machine_with_its_hash(bootstrap: ModuleType) -> None:
    version, wheels, index = bootstrap.locked_uv()
    name = bootstrap.wheel_for_this_machine(wheels)
    assert version in name
    assert len(wheels[name]) == 64
    assert index.startswith("https://")


def test_the_index_is_the_one_that_pip_is_set_to(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    settings = tmp_path / "pip.conf"
    settings.write_text("[global]\nindex-url = https://packages.example.vn/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    assert bootstrap.configured_index() == "https://packages.example.vn/simple"
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://nearer.example.vn/simple")
    assert bootstrap.configured_index() == "https://nearer.example.vn/simple"


def test_any_change_of_what_the_environment_is_made_from_is_seen(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    (tmp_path / "assets").mkdir()
    before = bootstrap.digest_of(["assets", "missing.toml"])
    (tmp_path / "assets" / "page.css").write_text("a{}")
    assert bootstrap.digest_of(["assets", "missing.toml"]) != before
