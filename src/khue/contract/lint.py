"""The rules of the house that a contract must keep, beyond being readable; every breach is found."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Formatter

from khue.contract.check import Check
from khue.contract.contract import Contract
from khue.contract.odcs import read_contract_errors
from khue.contract.yaml_lines import read_text

LONGEST_NAME = 63  # bytes of an identifier in PostgreSQL
LONGEST_PROPERTY = LONGEST_NAME - len("__folded")
LONGEST_TYPE = 40  # room for the suffixes of tables, partitions and indexes
NAME = re.compile(r"[a-z][a-z0-9_]*")
ALWAYS = ("column", "row", "value")
# They compare a record with others and can only doubt it; a rejection would also unsay every verdict that rests on it.
ONLY_FLAG = frozenset({"spike", "neighbours", "gap", "late"})
OPEN_CLASSES = frozenset({"public", "internal"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach: where (`file:line`), what is wrong, what would be right."""

    where: str
    what: str
    todo: str = ""

    def sentence(self) -> str:
        """Return the finding as one readable line."""
        return f"{self.where}: {self.what}." + (f" {self.todo.rstrip('.')}." if self.todo else "")


def lint_file(path: Path) -> tuple[Finding, ...]:
    """Return everything that is wrong with a contract's file; raises ContractError where it cannot be read."""
    return lint_text(read_text(path), str(path))


def lint_text(text: str, file: str = "contract") -> tuple[Finding, ...]:
    """Return everything that is wrong with a contract's text."""
    contract, errors = read_contract_errors(text, file)
    if contract is None:
        return tuple(Finding(e.where, ". ".join(p for p in (e.what, e.why) if p), e.todo) for e in errors)
    return tuple(
        Finding(f"{file}:{_line(text, subject)}", what, todo) for subject, what, todo in lint_contract(contract)
    )


def lint_contract(contract: Contract) -> tuple[tuple[str, str, str], ...]:
    """Return (the name at fault, what is wrong, what would be right) for each breach."""
    return (
        *_names(contract),
        *_identity(contract),
        *(breach for check in contract.checks for breach in _check(check, contract)),
        *_reasons(contract.checks),
        *_share(contract),
    )


Breach = tuple[str, str, str]


def _names(contract: Contract) -> Iterator[Breach]:
    yield from _name(contract.type, LONGEST_TYPE)
    for prop in contract.properties:
        yield from _name(prop.name, LONGEST_PROPERTY)
        if prop.name.endswith("__folded"):
            yield prop.name, f"{prop.name} ends like a search column", "Name it otherwise"
    for check in contract.checks:
        yield from _name(check.name, LONGEST_NAME)
    if contract.share is not None:
        yield from _name(contract.share.dataset, LONGEST_NAME)
    terms = [prop.term or prop.name for prop in contract.properties]
    for prop in contract.properties:
        if terms.count(prop.term or prop.name) > 1:
            yield prop.name, f"The term {prop.term or prop.name} stands twice", "Give each property its own khue.term"


def _name(name: str, longest: int) -> Iterator[Breach]:
    if not NAME.fullmatch(name):
        yield name, f"“{name}” is not a name", "Use small letters, digits and _, a letter first"
    elif len(name.encode()) > longest:
        yield name, f"“{name}” has {len(name.encode())} bytes, at most {longest} fit", "Shorten it"


def _identity(contract: Contract) -> Iterator[Breach]:
    """Check what makes an id and a time: always there, never held, never personal."""
    identifying = [name for _, name, _, _ in Formatter().parse(contract.key) if name is not None]
    for name in (*identifying, *((contract.observed_at,) if contract.observed_at else ())):
        prop = contract.by_name[name]
        if not prop.required:
            yield name, f"{name} makes the id or the time, but is not required", "Write required: true"
        if prop.classification in ("personal", "sensitive") and name in identifying:
            yield name, f"{name} is {prop.classification} and would stand in every address", "Use another key"
    if contract.kind == "measure" and contract.observed_at is None:
        yield contract.type, "A measure has no khue.observedAt", "Name the property that says when"
    if contract.status == "active" and not contract.owner:
        yield contract.type, "An active contract has no khue.owner", "Name the agency that answers for it"


def _check(check: Check, contract: Contract) -> Iterator[Breach]:
    if check.judged and check.on_fail == "hold":
        yield check.name, f"{check.name} is judged ({check.kind}) and holds", _judged_todo(check)
    if check.kind in ONLY_FLAG and check.on_fail == "reject":
        yield check.name, f"{check.name} ({check.kind}) doubts and rejects", "Write flag: it may be true all the same"
    if check.on_fail == "hold" and check.field is None:
        yield check.name, f"{check.name} holds, but names no field", "Put it under a property, or write flag"
    identifying = {name for _, name, _, _ in Formatter().parse(contract.key)} | {contract.observed_at}
    if check.on_fail == "hold" and check.field in identifying:
        yield check.name, f"{check.name} would hold back a part of the id or the time", "Write reject or flag"
    if check.kind in ("spike", "neighbours") and check.field is None:
        yield check.name, f"{check.name} names no field", "Put it under a property"
    if check.kind in ("spike", "neighbours", "gap", "late") and contract.observed_at is None:
        yield check.name, f"{check.name} needs a time", "Give the contract khue.observedAt"
    yield from _arguments(check, contract)


def _judged_todo(check: Check) -> str:
    return "Write flag" if check.kind in ONLY_FLAG else "Write reject or flag"


def _arguments(check: Check, contract: Contract) -> Iterator[Breach]:
    for name in check.arguments.get("properties", ()):
        if name not in contract.by_name:
            yield check.name, f"{check.name} names “{name}”, which is not a property", "Name a property of the type"
    prop = contract.by_name.get(check.field or "")
    if check.kind in ("length", "pattern") and prop is not None and prop.logical_type != "string":
        yield check.name, f"{check.name} looks at the letters of a {prop.logical_type}", "Only a string has them"
    if check.kind in ("spike", "neighbours") and prop is not None and prop.logical_type not in ("number", "integer"):
        yield check.name, f"{check.name} compares a {prop.logical_type}", "Only numbers can be compared so"


def _reasons(checks: Iterable[Check]) -> Iterator[Breach]:
    for check in checks:
        for language, text in (("vi", check.reason.vi), ("en", check.reason.en)):
            if not text.strip():
                yield check.name, f"{check.name} has no reason in {language}", "Say what is wrong and what to do"
                continue
            for name in _places(text) - {*ALWAYS, *check.arguments}:
                todo = "Possible are " + ", ".join(f"{{{place}}}" for place in (*ALWAYS, *check.arguments))
                yield check.name, f"The reason of {check.name} names {{{name}}}, which it does not have", todo


def _places(text: str) -> set[str]:
    try:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError:
        return {"…"}


def _share(contract: Contract) -> Iterator[Breach]:
    share = contract.share
    if share is None:
        return
    if contract.status != "active":
        yield share.dataset, "Only an active contract may be shared", "Write status: active or take khue.share out"
    for name in share.properties:
        prop = contract.by_name[name]
        if prop.classification not in OPEN_CLASSES:
            yield name, f"{name} is {prop.classification} and can never be open", "Take it out of khue.share"
        elif prop.classification != "public":
            yield name, f"{name} is not public, but is in khue.share", "Write classification: public, or take it out"
    if not share.licence:
        yield share.dataset, "An open dataset has no licence", "Write licence: CC-BY-4.0 or what applies"
    if not (share.label.vi and share.label.en):
        yield share.dataset, "An open dataset has no label", "Write label: {vi: …, en: …}"


def _line(text: str, subject: str) -> int:
    """Return the line that names the subject; a check that an option implies stands at its property."""
    lines = text.splitlines()
    for name in (subject, subject.rpartition("_")[0]):
        pattern = re.compile(rf"\b(name|dataset):\s*[\"']?{re.escape(name)}\b") if name else None
        found = next((i for i, line in enumerate(lines, 1) if pattern and pattern.search(line)), None)
        if found:
            return found
    return 1
