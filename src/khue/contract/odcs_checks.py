"""Reads the checks of an ODCS schema object: property options, and `quality` rules with their `khue.*` properties."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast, get_args

from khue.contract.check import DIMENSIONS, JUDGED, Check, CheckKind, Dimension, OnFail
from khue.contract.custom import OF_PROPERTY, OF_RULE, read_custom
from khue.contract.label import Label
from khue.contract.odcs_arguments import read_arguments
from khue.contract.property import LogicalType, Property
from khue.contract.reasons import kind_reason, range_reason, type_reason
from khue.contract.yaml_lines import Node

KINDS: tuple[str, ...] = get_args(CheckKind)
ON_FAIL: tuple[str, ...] = get_args(OnFail)
ODCS_DIMENSIONS: Mapping[str, Dimension] = {
    "accuracy": "accurate",
    "conformity": "accurate",
    "completeness": "sufficient",
    "coverage": "sufficient",
    "uniqueness": "clean",
    "timeliness": "live",
    "consistency": "consistent",
}
_DIMENSION: Mapping[str, Dimension] = {
    **dict.fromkeys(("type", "range", "length", "pattern", "enumeration", "spike", "neighbours"), "accurate"),
    **dict.fromkeys(("reference", "unit"), "consistent"),
    **dict.fromkeys(("unique", "repeated"), "clean"),
    **dict.fromkeys(("gap", "late"), "live"),
    "required": "sufficient",
}
_ON_FAIL: Mapping[str, OnFail] = {
    "required": "reject",
    **dict.fromkeys(("type", "range", "length", "pattern", "enumeration"), "hold"),
    **dict.fromkeys(("reference", "unit", "unique", "repeated", "spike", "neighbours", "gap", "late"), "flag"),
}
_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "range": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    "length": ("minLength", "maxLength"),
    "pattern": ("pattern",),
}
_OPTION_KEYS = (*(key for keys in _OPTIONS.values() for key in keys), "format", "timezone", "defaultTimezone")
RULE_KEYS = (
    *("id", "name", "description", "dimension", "type", "engine", "implementation", "metric", "arguments", "mustBe"),
    *("customProperties", "severity", "businessImpact", "tags", "authoritativeDefinitions"),
)


@dataclass(frozen=True, slots=True)
class Around:
    """What a check must know of its contract: the types of the columns, and which properties identify a record."""

    columns: Mapping[str, LogicalType]
    identifying: frozenset[str]


def implied_checks(node: Node, prop: Property, around: Around) -> Iterator[Check]:
    """Yield the checks that the options of a property state.

    Raises:
        ContractError: with file and line.

    """
    custom = read_custom(node, OF_PROPERTY)
    said = custom.get("khue.checks") or Node({}, node.file, node.line)
    implied = dict(_implied(node, prop, custom))
    for kind, options in said.mapping().items():
        if kind not in implied:
            why = f"The property {prop.name} has the checks {', '.join(implied) or 'none'}"
            raise options.wrong(f"“{kind}” is no check of this property", why=why)
    for kind, arguments in implied.items():
        options = said.get(kind) or Node({}, node.file, node.line)
        options.mapping(known=("onFail", "dimension", "reason", "source", "verified"))
        yield _check(options, "", kind, arguments, _About(prop, around, f"{prop.name}_{kind}"))


def _implied(node: Node, prop: Property, custom: Node) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (kind, arguments) for each check that a property's own options state."""
    if prop.required:
        yield "required", {}
    if prop.logical_type != "string":
        yield "type", {}
    yield from _of_options(node, prop)
    if prop.unit is not None:
        yield "unit", {"unit": prop.unit}
    if prop.reference is not None and not _is_soft(custom):
        yield "reference", {"type": prop.reference.type, "property": prop.reference.property}
    unique = node.get("unique")
    if unique is not None and unique.truth():
        yield "unique", {"properties": [prop.name]}


def _of_options(node: Node, prop: Property) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the checks of `logicalTypeOptions`: bounds, lengths, pattern."""
    options = node.get("logicalTypeOptions")
    if options is None:
        return
    options.mapping(known=_OPTION_KEYS)
    for kind, keys in _OPTIONS.items():
        given = {key: value for key in keys if (value := options.get(key)) is not None}
        if given:
            yield kind, read_arguments(kind, Node(given, options.file, options.line), prop.logical_type, {})


def _is_soft(custom: Node) -> bool:
    """Whether a reference only finds the place: a value that is not in the register is no fault of the record."""
    soft = custom.need("khue.reference").get("soft")
    return soft is not None and soft.truth()


def read_rule(node: Node, prop: Property | None, around: Around) -> Check:
    """Read one `quality` rule of a property (or of the whole type, where `prop` is None).

    Raises:
        ContractError: with file and line.

    """
    node.mapping(known=RULE_KEYS)
    custom = read_custom(node, OF_RULE)
    name = node.need("name").text()
    kind, arguments = _kind_and_arguments(node, custom, prop, around)
    fields = {key.removeprefix("khue."): value for key, value in custom.mapping().items()}
    if "dimension" not in fields and (dimension := node.get("dimension")):
        fields["dimension"] = dimension
    options = Node(fields, node.file, node.line)
    return _check(options, name, kind, arguments, _About(prop, around, name))


def _kind_and_arguments(
    node: Node, custom: Node, prop: Property | None, around: Around
) -> tuple[str, Mapping[str, Any]]:
    """Return the kind of a rule and its checked arguments."""
    sort = (node.get("type") or Node("library", node.file, node.line)).choice(("custom", "library"))
    logical_type = prop.logical_type if prop else None
    if sort == "library":
        return _library(node, logical_type)
    node.need("engine").choice(("khue",))
    body = node.need("implementation")
    said = custom.get("khue.kind")
    if isinstance(body.value, str):
        if said is not None:
            said.choice(("predicate",))
        return "predicate", read_arguments("predicate", body, logical_type, around.columns)
    kind = (said or custom.need("khue.kind")).choice(KINDS)
    return kind, read_arguments(kind, body, logical_type, around.columns)


def _library(node: Node, logical_type: LogicalType | None) -> tuple[str, Mapping[str, Any]]:
    """Read ODCS' own metrics: invalidValues (validValues or pattern), nullValues, duplicateValues."""
    metric = node.need("metric").choice(("invalidValues", "nullValues", "missingValues", "duplicateValues"))
    must = node.need("mustBe")
    if must.number() != 0:
        raise must.wrong("mustBe must be 0: a check holds for each record", todo="Write mustBe: 0")
    if metric == "duplicateValues":
        properties = node.get("arguments")
        return "unique", (read_arguments("unique", properties, logical_type, {}) if properties else {})
    if metric != "invalidValues":
        return "required", {}
    arguments = node.need("arguments")
    arguments.mapping(known=("validValues", "pattern"))
    values = arguments.get("validValues")
    if values is not None:
        given = Node({"values": values}, values.file, values.line)
        return "enumeration", read_arguments("enumeration", given, logical_type, {})
    return "pattern", read_arguments("pattern", arguments, logical_type, {})


@dataclass(frozen=True, slots=True)
class _About:
    prop: Property | None
    around: Around
    name: str


def _check(options: Node, name: str, kind: str, arguments: Mapping[str, Any], about: _About) -> Check:
    prop = about.prop
    if kind == "unique" and not arguments:
        arguments = {"properties": [prop.name] if prop else []}
    source, verified = options.get("source"), options.get("verified")
    return Check(
        name=name or about.name,
        kind=cast("CheckKind", kind),
        dimension=_dimension(options, kind),
        on_fail=_on_fail(options, kind, about),
        field=prop.name if prop else None,
        reason=_reason(options, kind, arguments, prop),
        arguments=arguments,
        source=source.text() if source else "",
        verified=verified.truth() if verified else True,
    )


def _dimension(options: Node, kind: str) -> Dimension:
    node = options.get("dimension")
    if node is None:
        if kind not in _DIMENSION:
            raise options.wrong("The check has no dimension", todo="Write dimension: accuracy, completeness …")
        return _DIMENSION[kind]
    said = node.choice((*ODCS_DIMENSIONS, *DIMENSIONS))
    return ODCS_DIMENSIONS.get(said) or cast("Dimension", said)


def _on_fail(options: Node, kind: str, about: _About) -> OnFail:
    node = options.get("onFail")
    identifying = about.prop is not None and about.prop.name in about.around.identifying
    if node is None:
        if kind not in _ON_FAIL:
            raise options.wrong("The check does not say what a failure does", todo="Write khue.onFail: hold or flag")
        found = _ON_FAIL[kind]
        return "reject" if found == "hold" and identifying else found
    said = cast("OnFail", node.choice(ON_FAIL))
    if kind in JUDGED and said == "hold":
        raise node.wrong("A judged check cannot hold a field", why=f"{kind} looks at other rows", todo="Write flag")
    return said


def _reason(options: Node, kind: str, arguments: Mapping[str, Any], prop: Property | None) -> Label:
    node = options.get("reason")
    if node is not None:
        return node.label()
    if kind == "type" and prop is not None:
        return type_reason(prop.logical_type)
    if kind == "range":
        return range_reason(arguments, prop.unit_label if prop else "")
    found = kind_reason(kind)
    if found is None:
        raise options.wrong("The check has no reason", todo="Write khue.reason: {vi: …, en: …}")
    return found
