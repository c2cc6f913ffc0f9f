"""The documents cannot drift: what the code offers has its place in docs/, and what docs/ names is there."""

import ast
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import get_args

import click
import pytest

from khue.app.cli import khue
from khue.app.settings import Settings
from khue.clean.registry import names as normalisers
from khue.contract.check import DIMENSIONS, CheckKind
from khue.contract.errors import KhueError

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src" / "khue"
PAGES = sorted((ROOT / "docs").rglob("*.md"))
FRONT = [ROOT / name for name in ("README.md", "README.vi.md", "CONTRIBUTING.md", "CHANGELOG.md")]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
ROUTE = {"Route", "Mount", "WebSocketRoute"}


def prose(page: Path) -> str:
    """Return a page without its code blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def headings(page: Path) -> Iterator[str]:
    return (match[1] for line in prose(page).splitlines() if (match := HEADING.match(line)))


def first_cells(page: Path) -> Iterator[str]:
    return (line.strip().strip("|").split("|")[0] for line in prose(page).splitlines() if line.strip().startswith("|"))


def plain(text: str) -> str:
    return text.replace("`", "").replace("\\", "").strip()


def told() -> set[str]:
    """Return what has a place in docs/: each heading and first cell, and each `code` that stands in one."""
    places = [text for page in PAGES for text in (*headings(page), *first_cells(page))]
    return {plain(place) for place in places} | {code for place in places for code in re.findall(r"`([^`]+)`", place)}


def untold(names: Iterable[str]) -> str:
    """Return the names that have no heading and no first cell in docs/, as one line to read."""
    return ", ".join(sorted(set(names) - told()))


def commands(group: click.Group, before: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before} {name}")
        else:
            yield f"{before} {name}"


def decoders() -> set[str]:
    """Return the formats that `khue.intake.formats.read` tells apart."""
    module = ast.parse((SRC / "intake" / "formats.py").read_text(encoding="utf-8"))
    cases = [node.value for node in ast.walk(module) if isinstance(node, ast.MatchValue)]
    found = {node.value for node in cases if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert found, "khue.intake.formats has no `match` over the formats: where are they listed now?"
    return found


def descendants(kind: type) -> Iterator[type]:
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)


def routes() -> set[str]:
    """Return the path of every Route in the rooms that have doors, a mounted folder of files left out."""
    found: set[str] = set()
    for file in SRC.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ROUTE and node.args:
                path = node.args[0]
                if isinstance(path, ast.Constant) and isinstance(path.value, str) and path.value:
                    found.add(path.value)
    return found


def test_every_command_has_its_place() -> None:
    assert untold(commands(khue, "khue")) == ""


def test_every_setting_has_its_place() -> None:
    assert untold(f"KHUE_{field.name.upper()}" for field in fields(Settings)) == ""


def test_every_check_and_dimension_has_its_place() -> None:
    assert untold((*get_args(CheckKind), *DIMENSIONS)) == ""


def test_every_normaliser_has_its_place() -> None:
    assert untold(normalisers()) == ""


def test_every_decoder_has_its_place() -> None:
    assert untold(decoders()) == ""


def test_every_error_has_its_place() -> None:
    assert untold(kind.__name__ for kind in descendants(KhueError) if kind.__module__ == KhueError.__module__) == ""


def test_every_address_has_its_place() -> None:
    assert untold(re.sub(r":(?:path|int|str)\}", "}", path) for path in routes()) == ""


def test_every_make_target_has_its_place() -> None:
    assert untold(f"make {target}" for target in targets() if target != "help") == ""


def targets() -> set[str]:
    """Return the targets that `make help` names."""
    return set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("page", [*FRONT, *PAGES], ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_inside_the_repository_leads_somewhere(page: Path) -> None:
    broken = [link for match in LINK.finditer(prose(page)) if broken_link(page, link := match[1] or match[2])]
    assert not broken


def broken_link(page: Path, link: str) -> bool:
    if re.match(r"[a-z]+:", link):
        return False
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return True
    return bool(anchor) and target.suffix == ".md" and anchor not in {slug(text) for text in headings(target)}


def slug(heading: str) -> str:
    """Return the anchor that hosts of Markdown give a heading."""
    return re.sub(r"[^\w\- ]", "", plain(heading).lower()).replace(" ", "-")


@pytest.mark.parametrize("page", [*FRONT, *PAGES], ids=lambda page: str(page.relative_to(ROOT)))
def test_a_shell_block_names_commands_that_exist(page: Path) -> None:
    wrong = [line for line in shell_lines(page) if not runs(line)]
    assert not wrong


def shell_lines(page: Path) -> Iterator[str]:
    for language, body in FENCE.findall(page.read_text(encoding="utf-8")):
        if language in {"sh", "bash", "shell", "console"}:
            text = re.sub(r"\\\n\s*", " ", body)
            yield from (line.removeprefix("$ ") for line in text.splitlines() if line.strip())


def runs(line: str) -> bool:
    """Return whether every `make …` and `khue …` in a line is known, options included."""
    words = shlex.split(line, comments=True)
    for at, word in enumerate(words):
        rest = words[at + 1 :]
        if word == "make" and not {w for w in rest[:1] if not w.startswith("-") and "=" not in w} <= targets():
            return False
        if word.rpartition("/")[2] == "khue" and (at == 0 or words[at - 1] not in {"cd", "clone"}) and not known(rest):
            return False
    return True


def known(words: list[str]) -> bool:
    """Return whether these words call a command of khue with options that it has."""
    command: click.Command = khue
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        if words[0] not in command.commands:
            return False
        command = command.commands[words[0]]
        words = words[1:]
    options = {"--help", "-h", "--version"} | {o for p in command.params for o in (*p.opts, *p.secondary_opts)}
    stop = next((i for i, word in enumerate(words) if word in {"|", ">", ">>", "&&", ";"}), len(words))
    return {word.partition("=")[0] for word in words[:stop] if re.match(r"--?[a-z]", word)} <= options


@pytest.mark.parametrize("page", [*FRONT, *PAGES], ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_has_one_title_and_closed_code_blocks(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# "), "the first line is the title"
    assert len(re.findall(r"^# ", prose(page), re.MULTILINE)) == 1
    assert text.count("\n```") % 2 == 0


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "index.md"], ids=lambda page: page.name)
def test_the_index_leads_to_every_page(page: Path) -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    assert str(page.relative_to(ROOT / "docs")) in {link.partition("#")[0] for link, _ in LINK.findall(index)}
