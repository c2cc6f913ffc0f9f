"""Reads one property of an ODCS schema object."""

from typing import Any, cast, get_args

from khue.contract.custom import OF_PROPERTY, read_custom
from khue.contract.property import Classification, LogicalType, Normaliser, Property, Reference
from khue.contract.units import UNITS
from khue.contract.yaml_lines import Node, did_you_mean

KEYS = (
    *("id", "name", "physicalType", "physicalName", "description", "businessName", "authoritativeDefinitions", "tags"),
    *(
        "customProperties",
        "primaryKey",
        "primaryKeyPosition",
        "logicalType",
        "logicalTypeOptions",
        "required",
        "unique",
    ),
    *("classification", "examples", "criticalDataElement", "quality"),
)
LOGICAL_TYPES: tuple[str, ...] = get_args(LogicalType)
CLASSIFICATIONS: tuple[str, ...] = get_args(Classification)


def read_property(node: Node) -> Property:
    """Read one property (without its checks: see `khue.contract.odcs_checks`).

    Raises:
        ContractError: with file and line.

    """
    node.mapping(known=KEYS)
    custom = read_custom(node, OF_PROPERTY)
    name = node.need("name").text()
    label = custom.get("khue.label")
    if label is None:
        raise node.wrong(f"The property {name} has no khue.label", todo="Give it a label {vi: …, en: …}")
    classification = node.get("classification")
    term, folded, unit_label = (custom.get(f"khue.{key}") for key in ("term", "folded", "unitLabel"))
    description = node.get("description")
    return Property(
        name=name,
        logical_type=cast("LogicalType", node.need("logicalType").choice(LOGICAL_TYPES)),
        label=label.label(),
        description=description.text() if description else "",
        required=_truth(node, "required"),
        classification=cast("Classification", classification.choice(CLASSIFICATIONS) if classification else "internal"),
        normalise=_normalisers(custom),
        term=term.text() if term else "",
        unit=_unit(custom),
        unit_label=unit_label.text() if unit_label else UNITS.get(_unit(custom) or "", ""),
        reference=_reference(custom),
        folded=folded.truth() if folded else False,
    )


def _truth(node: Node, key: str) -> bool:
    found = node.get(key)
    return found.truth() if found else False


def _unit(custom: Node) -> str | None:
    node = custom.get("khue.unit")
    if node is None:
        return None
    code = node.text()
    if code not in UNITS:
        todo = did_you_mean(code, UNITS) + " (UN/CEFACT Recommendation 20; add a code to contract/units.csv)"
        raise node.wrong(f"The unit code “{code}” is not known", todo=todo)
    return code


def _reference(custom: Node) -> Reference | None:
    node = custom.get("khue.reference")
    if node is None:
        return None
    node.mapping(known=("type", "property", "soft"))
    return Reference(node.need("type").text(), node.need("property").text())


def _normalisers(custom: Node) -> tuple[Normaliser, ...]:
    """Read a list of names, or of one-key mappings {name: {option: value}}."""
    node = custom.get("khue.normalise")
    found: list[Normaliser] = []
    for item in node.items() if node else ():
        if isinstance(item.value, str):
            found.append(Normaliser(item.text()))
            continue
        fields = item.mapping()
        if len(fields) != 1:
            raise item.wrong("A normaliser is a name, or one name with its options", todo="Write - name: {option: 1}")
        name, options = next(iter(fields.items()))
        options.mapping()
        found.append(Normaliser(name, cast("dict[str, Any]", options.plain())))
    return tuple(found)
