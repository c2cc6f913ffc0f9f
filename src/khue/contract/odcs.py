"""Reads a contract: ODCS v3.1, `kind: DataContract`, one schema object a file, with `khue.*` custom properties."""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from string import Formatter
from typing import TypeVar, cast, get_args

from khue.contract.check import Check
from khue.contract.contract import Contract, Kind, Status
from khue.contract.custom import OF_TYPE, read_custom
from khue.contract.duration import read_duration
from khue.contract.errors import ContractError
from khue.contract.odcs_checks import Around, implied_checks, read_rule
from khue.contract.odcs_property import read_property
from khue.contract.odcs_type import read_locate, read_retention, read_share
from khue.contract.property import LogicalType, Property
from khue.contract.yaml_lines import Node, did_you_mean, read_text, read_yaml

API_VERSION = "v3.1.0"
_TOP = (
    *("version", "kind", "apiVersion", "id", "name", "tenant", "tags", "status", "servers", "dataProduct"),
    *("description", "domain", "schema", "support", "price", "team", "roles", "slaProperties"),
    *("authoritativeDefinitions", "customProperties", "contractCreatedTs"),
)
_OBJECT = (
    *("id", "name", "physicalType", "physicalName", "description", "businessName", "authoritativeDefinitions", "tags"),
    *("customProperties", "logicalType", "dataGranularityDescription", "properties", "quality"),
)
T = TypeVar("T")
Errors = list[ContractError]


def read_contract(path: Path) -> Contract:
    """Read a contract from its file.

    Raises:
        ContractError: the first thing that is wrong, with file and line.

    """
    return read_contract_text(read_text(path), str(path))


def read_contract_text(text: str, file: str = "") -> Contract:
    """Read a contract from its text; `digest` is the sha256 of the text.

    Raises:
        ContractError: the first thing that is wrong, with file and line.

    """
    contract, errors = read_contract_errors(text, file)
    if contract is None:
        raise errors[0]
    return contract


def read_contract_errors(text: str, file: str = "") -> tuple[Contract | None, tuple[ContractError, ...]]:
    """Read a contract and return it, or None with everything that was found wrong in its text."""
    errors: Errors = []
    try:
        contract = _contract(text, file or "contract", errors)
    except ContractError as error:
        errors.append(error)
        contract = None
    return (None if errors else contract), tuple(errors)


def _contract(text: str, file: str, errors: Errors) -> Contract:
    root = read_yaml(text, file)
    root.mapping(known=_TOP)
    root.need("kind").choice(("DataContract",))
    root.need("apiVersion").choice((API_VERSION,))
    root.need("id").text()
    body = _object(root)
    custom = read_custom(body, OF_TYPE)
    nodes, properties = _properties(body, errors)
    if errors:
        raise errors.pop()
    columns: dict[str, LogicalType] = {prop.name: prop.logical_type for prop in properties}
    key, observed_at = _identity(custom, properties)
    around = Around(columns, frozenset({*_placeholders(key), *((observed_at,) if observed_at else ())}))
    checks = _unique(body, [c for found in _checks(body, nodes, properties, around, errors) for c in found], errors)
    if errors:
        raise errors.pop()
    declared = _declared(root, body, custom)
    placed = replace(declared, key=key, observed_at=observed_at, properties=properties, checks=checks)
    return _optional(replace(placed, digest=hashlib.sha256(text.encode()).hexdigest(), file=file), custom)


def _declared(root: Node, body: Node, custom: Node) -> Contract:
    """Return what the contract says of itself, still without its properties and checks."""
    description = body.get("description")
    return Contract(
        type=body.need("name").text(),
        entity_type=_match(custom.need("khue.entityType"), r"[A-Za-z][A-Za-z0-9]*", "AirQualityObserved"),
        version=_match(root.need("version"), r"\d{1,6}\.\d{1,6}\.\d{1,6}", "1.0.0"),
        kind=cast("Kind", custom.need("khue.kind").choice(get_args(Kind))),
        status=cast("Status", root.need("status").choice(get_args(Status))),
        label=custom.need("khue.label").label(),
        description=description.text() if description else "",
        owner=_map(custom.get("khue.owner"), Node.text) or "",
        key="",
        observed_at=None,
        properties=(),
        checks=(),
    )


def _optional(contract: Contract, custom: Node) -> Contract:
    """Return the contract with what a contract may say of the whole type."""
    properties, checks = contract.properties, contract.checks
    return replace(
        contract,
        locate=_map(custom.get("khue.locate"), lambda node: read_locate(node, properties)),
        share=_map(custom.get("khue.share"), lambda node: read_share(node, properties, checks)),
        retention=_map(custom.get("khue.retention"), read_retention),
        title=_map(custom.get("khue.title"), lambda node: node.choice(contract.by_name)),
        dedupe=_map(custom.get("khue.dedupe"), read_duration) or contract.dedupe,
    )


def _map(node: Node | None, read: Callable[[Node], T]) -> T | None:
    return None if node is None else read(node)


def _match(node: Node, pattern: str, example: str) -> str:
    text = node.text()
    if not re.fullmatch(pattern, text):
        raise node.wrong(f"“{text}” cannot stand here", todo=f"Write it like {example}")
    return text


def _object(root: Node) -> Node:
    """Return the one schema object of the file."""
    schema = root.need("schema")
    objects = schema.items()
    if len(objects) != 1:
        raise schema.wrong(f"A file holds exactly one schema object, not {len(objects)}", todo="One file for each type")
    objects[0].mapping(known=_OBJECT)
    return objects[0]


def _properties(body: Node, errors: Errors) -> tuple[tuple[Node, ...], tuple[Property, ...]]:
    """Return the properties with their places; each one's error is collected."""
    nodes, found = body.need("properties").items(), dict[str, Property]()
    for node in nodes:
        try:
            prop = read_property(node)
            if prop.name in found:
                raise node.wrong(f"The property {prop.name} stands twice")
            found[prop.name] = prop
        except ContractError as error:
            errors.append(error)
    if not nodes:
        raise body.wrong("The type has no properties", todo="Give it at least its key")
    return nodes, tuple(found.values())


def _placeholders(key: str) -> tuple[str, ...]:
    return tuple(name for _, name, _, _ in Formatter().parse(key) if name is not None)


def _identity(custom: Node, properties: tuple[Property, ...]) -> tuple[str, str | None]:
    """Return the key's template and the name of the property that says when."""
    names = {prop.name: prop for prop in properties}
    node = custom.need("khue.key")
    key = node.text()
    try:
        parts = [(name, spec, conversion) for _, name, spec, conversion in Formatter().parse(key) if name is not None]
    except ValueError as error:
        raise node.wrong(f"“{key}” is not a template", why=str(error), todo="Write '{station}'") from None
    if not parts or any(spec or conversion for _, spec, conversion in parts):
        raise node.wrong(f"“{key}” must name a property in braces", todo="Write '{station}'")
    for name, _, _ in parts:
        if name not in names:
            raise node.wrong(f"The key names “{name}”, which is not a property", todo=did_you_mean(name, names))
    observed = custom.get("khue.observedAt")
    if observed is None:
        return key, None
    name = observed.choice(names)
    if names[name].logical_type not in ("date", "timestamp"):
        raise observed.wrong(f"{name} is a {names[name].logical_type}", todo="khue.observedAt is a date or timestamp")
    return key, name


def _checks(
    body: Node, nodes: tuple[Node, ...], properties: tuple[Property, ...], around: Around, errors: Errors
) -> Iterator[list[Check]]:
    """Yield the checks of each property, then those of the whole record."""
    for node, prop in zip(nodes, properties, strict=True):
        yield _collect(errors, lambda node=node, prop=prop: list(implied_checks(node, prop, around)))
        yield from _rules(node, prop, around, errors)
    yield from _rules(body, None, around, errors)


def _rules(node: Node, prop: Property | None, around: Around, errors: Errors) -> Iterator[list[Check]]:
    quality = node.get("quality")
    for rule in quality.items() if quality else ():
        yield _collect(errors, lambda rule=rule: [read_rule(rule, prop, around)])


def _collect(errors: Errors, read: Callable[[], list[Check]]) -> list[Check]:
    try:
        return read()
    except ContractError as error:
        errors.append(error)
        return []


def _unique(body: Node, checks: list[Check], errors: Errors) -> tuple[Check, ...]:
    """Return the checks; the name of each is unique, because flags, reasons and counts carry it."""
    seen: set[str] = set()
    for check in checks:
        if check.name in seen:
            errors.append(body.wrong(f"Two checks have the name {check.name}", todo="Give each a name of its own"))
        seen.add(check.name)
    return tuple(checks)
