"""The shape of the house: what `docs/architecture.md` promises about sizes, names and doors, held for every file."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src" / "khue"
TESTS = ROOT / "tests"
SOURCES = sorted(SRC.rglob("*.py"))
TESTED = sorted(TESTS.rglob("*.py"))
STATEMENTS = sorted(SRC.rglob("*.sql"))

FILE_LINES = 400
FUNCTION_LINES = 40
ARGUMENTS = 5
LINE = 120
ROOMS = {"contract", "clean", "ledger", "intake", "sharing", "web", "domains", "app"}
VAGUE = re.compile(r"(^|_)(utils?|helpers?|commons?|core|managers?|bases?|misc|shared)(_|$)", re.IGNORECASE)
SQL_START = re.compile(
    r"\s*(select|insert\s+into|update\s+\S+\s+set|delete\s+from|create\s|alter\s|with\s+\w+\s+as)\b", re.IGNORECASE
)
SELECT_ALL = re.compile(r"\bselect\s+(\w+\.)?\*", re.IGNORECASE)
COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
# The one home of the environment.
SETTINGS = SRC / "app" / "settings.py"
# The one place where a test may sleep: between two looks at a condition, until a deadline.
WAITS = {"wait_until", "wait_until_async"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def named(files: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("file", files, ids=[str(file.relative_to(ROOT)) for file in files])


def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), filename=str(file))


def functions(module: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(module) if isinstance(node, Function))


def arguments(function: Function) -> int:
    """Count what a caller must know: self and cls are not told."""
    given = function.args
    names = [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def calls(module: ast.AST, name: str) -> list[int]:
    """Return the lines where `name(…)` or `….name(…)` is called."""
    return [
        node.lineno
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == name
    ]


@named(SOURCES)
def test_a_file_is_one_noun_or_verb_and_at_most_400_lines(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").count("\n")
    assert lines <= FILE_LINES, f"{lines} lines: what are its two nouns?"


@named(SOURCES)
def test_a_function_has_at_most_40_lines_and_5_arguments(file: Path) -> None:
    long = [f"{f.name}: {n} lines" for f in functions(tree(file)) if (n := body_lines(f)) > FUNCTION_LINES]
    wide = [f"{f.name}: {n} arguments" for f in functions(tree(file)) if (n := arguments(f)) > ARGUMENTS]
    assert not long + wide


def body_lines(function: Function) -> int:
    """Count the lines of a function from its `def`, its docstring not counted: telling more must not cost."""
    first = function.body[0]
    told = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if told else 0
    return (function.end_lineno or function.lineno) - function.lineno + 1 - docstring


@named(SOURCES)
def test_a_name_is_one_that_a_newcomer_would_guess(file: Path) -> None:
    parts = file.relative_to(SRC).with_suffix("").parts
    vague = [part for part in parts if VAGUE.search(part)]
    vague += [n.name for n in ast.walk(tree(file)) if isinstance(n, ast.ClassDef) and VAGUE.search(snake(n.name))]
    assert not vague


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


@named(SOURCES)
def test_an_error_is_caught_by_its_name(file: Path) -> None:
    caught = [
        node.lineno
        for node in ast.walk(tree(file))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or {"Exception", "BaseException"} & set(ast.unparse(node.type).strip("()").split(", ")))
        and not raises_again(node)
    ]
    assert not caught, f"lines {caught}: which error, and what is done about it?"


def raises_again(handler: ast.ExceptHandler) -> bool:
    """Return whether a handler only cleans up: its last word is a bare raise."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


@named(SOURCES)
def test_only_the_settings_read_the_environment(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    reads = re.findall(r"os\.environ|os\.getenv|from os import .*(?:environ|getenv)", text)
    assert not reads or file == SETTINGS


@named(SOURCES)
def test_sql_longer_than_a_line_lives_in_a_named_file(file: Path) -> None:
    found = [
        f"line {node.lineno}: {text.split()[0]} …"
        for node in ast.walk(tree(file))
        if (text := statement(node)) and SQL_START.match(text) and ("\n" in text.strip() or len(text) > LINE)
    ]
    assert not found, "move it to a .sql file beside this one"


def statement(node: ast.AST) -> str:
    """Return the text of a string or f-string, its places left out."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value for part in node.values if isinstance(part, ast.Constant))
    return ""


@named(STATEMENTS)
def test_a_statement_says_what_it_is_for(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.lstrip().startswith("--"), "begin with a comment: what this statement does, and why so"


@named(STATEMENTS)
def test_a_statement_names_its_columns(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not SELECT_ALL.findall(COMMENT.sub("", text)), "select * breaks when a column comes"


@named([file for file in SOURCES if file.name == "__init__.py"])
def test_a_package_says_what_it_is_and_holds_nothing_else(file: Path) -> None:
    module = tree(file)
    assert ast.get_docstring(module), "a one-line docstring: what lives in this room?"
    rest = [node for node in module.body[1:] if not (file.parent == SRC and isinstance(node, ast.Assign))]
    assert not rest, "no code and no re-exports: import from where a thing lives"


def test_every_room_is_known_and_every_room_has_tests() -> None:
    rooms = {path.name for path in SRC.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert rooms == ROOMS, "a new room must be argued for: design, import-linter's levels and this list"
    untested = {room for room in rooms if not any((TESTS / room).rglob("test_*.py"))}
    assert not untested


def test_every_folder_of_python_is_a_package() -> None:
    folders = {file.parent for file in SOURCES}
    assert not {str(f.relative_to(ROOT)) for f in folders if not (f / "__init__.py").exists()}


@named(TESTED)
def test_a_test_waits_for_a_condition_and_never_sleeps(file: Path) -> None:
    module = tree(file)
    allowed = {line for f in functions(module) if f.name in WAITS for line in calls(f, "sleep")}
    assert not set(calls(module, "sleep")) - allowed, "look at a condition until a deadline: def wait_until(…)"


@named(TESTED)
def test_a_test_uses_the_real_part(file: Path) -> None:
    imported = {
        alias.name if isinstance(node, ast.Import) else f"{node.module}"
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert not {name for name in imported if name.split(".")[:2] == ["unittest", "mock"]}
