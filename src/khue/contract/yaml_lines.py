"""YAML and TOML values that know their line, so that every error can say where it is."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor

from khue.contract.errors import ContractError
from khue.contract.label import Label

LARGEST = 1_000_000  # characters of one file
DEEPEST = 30  # levels of nesting
_FASTEST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a file with its place. A mapping holds Nodes by key, a list holds Nodes, the rest is plain."""

    value: Any
    file: str
    line: int

    @property
    def where(self) -> str:
        """Return `file:line`."""
        return f"{self.file}:{self.line}"

    def wrong(self, what: str, *, why: str = "", todo: str = "") -> ContractError:
        """Return (not raise) the error that this value is wrong."""
        return ContractError(what, where=self.where, why=why, todo=todo)

    def mapping(self, *, known: Iterable[str] | None = None) -> "Mapping[str, Node]":
        """Return the value as a mapping; with `known`, refuse other keys."""
        if not _is_mapping(self.value):
            raise self.wrong(f"A mapping (key: value) must stand here, not {_sort(self.value)}")
        fields = cast("dict[str, Node]", self.value)
        names = fields if known is None else list(known)
        for key, node in fields.items():
            if key not in names:
                raise node.wrong(f"“{key}” is not known here", todo=did_you_mean(key, names))
        return fields

    def get(self, key: str) -> "Node | None":
        """Return the value of a key, or None where it is absent or null."""
        node = self.mapping().get(key)
        return None if node is None or node.value is None else node

    def need(self, key: str) -> "Node":
        """Return the value of a key that must be there."""
        node = self.get(key)
        if node is None:
            raise self.wrong(f"“{key}” is missing", todo=f"Write {key}: …")
        return node

    def items(self) -> "tuple[Node, ...]":
        """Return the value as a list."""
        if not _is_list(self.value):
            raise self.wrong(f"A list must stand here, not {_sort(self.value)}", todo="Start each line with “- ”")
        return tuple(cast("list[Node]", self.value))

    def text(self) -> str:
        """Return the value as text that is not blank."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.wrong(f"Text must stand here, not {_sort(self.value)}", todo="Put it into quotes")
        return self.value.strip()

    def texts(self) -> tuple[str, ...]:
        """Return the value as a list of texts."""
        return tuple(item.text() for item in self.items())

    def number(self) -> float:
        """Return the value as a finite number."""
        if isinstance(self.value, bool) or not isinstance(self.value, (int, float)) or not abs(self.value) < 1e300:
            raise self.wrong(f"A number must stand here, not {_sort(self.value)}")
        return self.value

    def truth(self) -> bool:
        """Return the value as true or false."""
        if not isinstance(self.value, bool):
            raise self.wrong(f"true or false must stand here, not {_sort(self.value)}")
        return self.value

    def choice(self, options: Iterable[str]) -> str:
        """Return the value as one of the texts given."""
        text, names = self.text(), list(options)
        if text not in names:
            raise self.wrong(f"“{text}” is not one of {', '.join(names)}", todo=did_you_mean(text, names))
        return text

    def label(self) -> Label:
        """Return the value {vi: …, en: …} as a label; both languages are needed."""
        self.mapping(known=("vi", "en"))
        return Label(self.need("vi").text(), self.need("en").text())

    def plain(self) -> Any:  # noqa: ANN401  what the file holds
        """Return the value without places."""
        if _is_mapping(self.value):
            return {key: node.plain() for key, node in cast("dict[str, Node]", self.value).items()}
        if _is_list(self.value):
            return [node.plain() for node in cast("list[Node]", self.value)]
        return self.value


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return the sentence that helps with a name that is not one of `names`."""
    options = list(names)
    near = get_close_matches(name, options, 1)
    return f"Did you mean “{near[0]}”?" if near else "Possible are " + ", ".join(options)


class _Strict(Composer):
    """Composes the nodes of a document and refuses, at its first event, what is not read."""

    file = ""
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node | None:
        event = cast("Any", self).peek_event()
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None or getattr(event, "tag", None) is not None:
            raise ContractError("Anchors (&), aliases (*) and tags (!) are not read", where=f"{self.file}:1")
        if self.depth > DEEPEST:
            where = f"{self.file}:{event.start_mark.line + 1}"
            raise ContractError(f"The file is nested more than {DEEPEST} levels deep", where=where)
        self.depth += 1
        node = super().compose_node(parent, cast("Any", index))
        self.depth -= 1
        return node


class _Exact(_Strict, yaml.SafeLoader):
    """Scans in Python: slow, but its errors stand at the right line."""


class _Quick(_Strict, _FASTEST):
    """Scans in C where PyYAML has LibYAML (0.04 s for our catalogue, not 0.28 s); points less well at what is wrong."""

    def __init__(self, text: str) -> None:
        _FASTEST.__init__(self, text)
        Composer.__init__(self)


def read_yaml(text: str, file: str) -> Node:
    """Read one YAML document. Anchors, tags and repeated keys are refused: they hide what a file says.

    Raises:
        ContractError: with file and line.

    """
    if len(text) > LARGEST:
        raise ContractError(f"The file has {len(text)} characters, at most {LARGEST} are read", where=f"{file}:1")
    try:
        tree = _composed(text, file)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ContractError("This is not YAML", where=f"{file}:{line}", why=error.problem or "") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        why = str(error).splitlines()[0] if str(error) else ""
        raise ContractError("This is not YAML", where=f"{file}:1", why=why) from None
    if tree is None:
        raise ContractError("The file is empty", where=f"{file}:1")
    return _node(tree, file)


def _composed(text: str, file: str) -> yaml.Node | None:
    try:
        return _compose(_Quick(text), file)
    except yaml.YAMLError:
        return _compose(_Exact(text), file)


def _compose(loader: _Strict, file: str) -> yaml.Node | None:
    loader.file = file
    return loader.get_single_node()


def _node(tree: yaml.Node, file: str) -> Node:
    line = tree.start_mark.line + 1 if tree.start_mark else 1
    if isinstance(tree, yaml.SequenceNode):
        return Node([_node(item, file) for item in tree.value], file, line)
    if isinstance(tree, yaml.MappingNode):
        return Node(_fields(tree, file), file, line)
    return Node(_scalar(tree, Node(None, file, line)), file, line)


def _fields(tree: yaml.MappingNode, file: str) -> dict[str, Node]:
    fields: dict[str, Node] = {}
    for key, value in tree.value:
        place = Node(None, file, key.start_mark.line + 1)
        name = _scalar(key, place) if isinstance(key, yaml.ScalarNode) else None
        if not isinstance(name, str):
            raise place.wrong("A key must be text", todo=f"Put it into quotes: '{key.value}'")
        if name in fields:
            raise place.wrong(f"The key “{name}” stands twice", todo=f"The first is in line {fields[name].line}")
        node = _node(value, file)
        fields[name] = Node(node.value, file, place.line)
    return fields


def _scalar(tree: yaml.Node, place: Node) -> Any:  # noqa: ANN401  what YAML holds
    try:
        return cast("Any", SafeConstructor()).construct_object(tree)
    except (yaml.YAMLError, ValueError, OverflowError, KeyError, IndexError) as error:
        raise place.wrong(f"“{tree.value}” cannot be read", why=str(error).splitlines()[0]) from None


def read_toml(text: str, file: str) -> Node:
    """Read a TOML document; a value's line is that of its key's first use.

    Raises:
        ContractError: with file and line.

    """
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        found = re.search(r"line (\d+)", str(error))
        raise ContractError("This is not TOML", where=f"{file}:{found[1] if found else 1}", why=str(error)) from None
    return _from_plain(values, file, text.splitlines(), 1)


def _from_plain(value: Any, file: str, lines: list[str], line: int) -> Node:  # noqa: ANN401  what TOML holds
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return Node({k: _from_plain(v, file, lines, _line_of(k, lines, line)) for k, v in fields.items()}, file, line)
    if isinstance(value, list):
        return Node([_from_plain(item, file, lines, line) for item in cast("list[Any]", value)], file, line)
    return Node(value, file, line)


def _line_of(key: str, lines: list[str], after: int) -> int:
    """Return the first line from `after` on that sets the key or opens its table."""
    pattern = re.compile(rf"""^\s*(\[+[^\]]*)?["']?{re.escape(key)}["']?\s*([=.\]]|$)""")
    for number, line in enumerate(lines[after - 1 :], start=after):
        if pattern.match(line):
            return number
    return after


def read_text(path: Path) -> str:
    """Return a file's text (UTF-8).

    Raises:
        ContractError: where it is not there or is not UTF-8.

    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ContractError("The file cannot be read", where=str(path), why=error.strerror or "") from None
    except UnicodeDecodeError as error:
        raise ContractError("The file is not UTF-8", where=str(path), why=f"Byte {error.start} is wrong") from None


def _is_mapping(value: object) -> bool:
    return isinstance(value, dict)


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _sort(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else f"“{value}” ({type(value).__name__})"
