"""The `customProperties` of ODCS: where everything stands that the standard lacks, prefixed `khue.`."""

from collections.abc import Iterable

from khue.contract.yaml_lines import Node, did_you_mean

OF_TYPE = (
    *("khue.kind", "khue.entityType", "khue.key", "khue.observedAt", "khue.owner", "khue.label", "khue.title"),
    *("khue.locate", "khue.share", "khue.retention", "khue.dedupe", "khue.match", "khue.workflow"),
)
OF_PROPERTY = (
    *("khue.label", "khue.term", "khue.unit", "khue.unitLabel", "khue.normalise", "khue.reference", "khue.folded"),
    "khue.checks",
)
OF_RULE = ("khue.kind", "khue.onFail", "khue.dimension", "khue.reason", "khue.source", "khue.verified")


def read_custom(parent: Node, known: Iterable[str]) -> Node:
    """Return the custom properties of an element as one mapping; names of others (not `khue.`) are passed over.

    Raises:
        ContractError: for a `khue.` name that is not known or stands twice.

    """
    names, fields = list(known), dict[str, Node]()
    listed = parent.get("customProperties")
    for item in listed.items() if listed else ():
        item.mapping(known=("property", "value", "description", "id"))
        name = item.need("property").text()
        if not name.startswith("khue."):
            continue
        if name not in names:
            raise item.wrong(f"“{name}” is not known here", todo=did_you_mean(name, names))
        if name in fields:
            raise item.wrong(f"“{name}” stands twice")
        value = item.need("value")
        fields[name] = value
    return Node(fields, parent.file, parent.line)
