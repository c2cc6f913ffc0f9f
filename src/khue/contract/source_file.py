"""Reads a source (`sources/*.yaml`): where records come from, and which column is which property."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from khue.contract.contract import Contract
from khue.contract.duration import read_seconds
from khue.contract.source import Blank, Footer, Long, Source, Wide
from khue.contract.units import UNITS
from khue.contract.yaml_lines import Node, read_text, read_yaml

FORMATS = ("html", "csv", "xlsx", "json", "ndjson", "ngsi-ld")
CONNECTORS = ("simulator", "city_file")
BLANKS: tuple[str, ...] = get_args(Blank)
_KEYS = (
    *("name", "type", "label", "agency", "format", "columns", "ignore", "constants", "blank", "units", "unit_columns"),
    *("wide", "long", "footers", "date_order", "zone", "every", "late_after", "lost_after", "connector", "simulated"),
    "notes",
)
T = TypeVar("T")


def read_source(path: Path, contracts: Mapping[str, Contract]) -> Source:
    """Read a source from its file; `contracts` are those that it may name, by type.

    Raises:
        ContractError: with file and line.

    """
    return read_source_text(read_text(path), str(path), contracts)


def read_source_text(text: str, file: str, contracts: Mapping[str, Contract]) -> Source:
    """Read a source from its text; raises as `read_source`."""
    root = read_yaml(text, file)
    root.mapping(known=_KEYS)
    contract = contracts[root.need("type").choice(contracts)]
    properties = [prop.name for prop in contract.properties]
    agency, format_, notes, order = (root.get(key) for key in ("agency", "format", "notes", "date_order"))
    simulated, connector, footers = (root.get(key) for key in ("simulated", "connector", "footers"))
    ignore, constants = root.get("ignore"), root.get("constants")
    return Source(
        name=root.need("name").text(),
        type=contract.type,
        label=root.need("label").label(),
        agency=agency.text() if agency else contract.owner,
        format=format_.choice(FORMATS) if format_ else "",
        columns=_pairs(root.get("columns"), lambda node: node.choice(properties)),
        ignore=ignore.texts() if ignore else (),
        constants=_by_property(constants, properties, Node.plain),
        blank=cast("Mapping[str, Blank]", _by_property(root.get("blank"), properties, _blank)),
        units=_by_property(root.get("units"), properties, _unit),
        unit_columns=_by_property(root.get("unit_columns"), properties, Node.text),
        shape=_shape(root, properties),
        footers=tuple(_footer(item) for item in footers.items()) if footers else (),
        date_order=cast("Literal['dmy', 'mdy', 'ymd']", order.choice(("dmy", "mdy", "ymd")) if order else "dmy"),
        zone=_zone(root.get("zone")),
        every=_seconds(root, "every"),
        late_after=_seconds(root, "late_after"),
        lost_after=_seconds(root, "lost_after"),
        connector=_connector(connector),
        simulated=simulated.truth() if simulated else False,
        notes=notes.text() if notes else "",
        file=file,
    )


def _pairs(node: Node | None, read: Callable[[Node], T]) -> dict[str, T]:
    return {key: read(value) for key, value in node.mapping().items()} if node else {}


def _by_property(node: Node | None, properties: Iterable[str], read: Callable[[Node], T]) -> dict[str, T]:
    """Read a mapping whose keys are properties."""
    return {key: read(value) for key, value in node.mapping(known=properties).items()} if node else {}


def _blank(node: Node) -> str:
    return node.choice(BLANKS)


def _unit(node: Node) -> str:
    return node.choice(UNITS)


def _seconds(root: Node, key: str) -> float | None:
    node = root.get(key)
    return read_seconds(node) if node else None


def _zone(node: Node | None) -> str:
    if node is None:
        return "Asia/Ho_Chi_Minh"
    try:
        return ZoneInfo(node.text()).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise node.wrong(f"“{node.value}” is not a time zone", todo="Write Asia/Ho_Chi_Minh or UTC") from None


def _shape(root: Node, properties: list[str]) -> Wide | Long | None:
    wide, long = root.get("wide"), root.get("long")
    if wide and long:
        raise long.wrong("A source is wide or long, not both", todo="Take one of them out")
    if wide:
        wide.mapping(known=("heading_to", "cell_to"))
        heading, cell = (wide.need(key).choice(properties) for key in ("heading_to", "cell_to"))
        return Wide(heading, cell)
    return _long(long, properties) if long else None


def _long(node: Node, properties: list[str]) -> Long:
    node.mapping(known=("by", "parameter", "value", "properties", "unit"))
    unit, by = node.get("unit"), node.need("by")
    if not by.texts():
        raise by.wrong("Rows must be brought together by at least one column")
    return Long(
        by=by.texts(),
        parameter=node.need("parameter").text(),
        value=node.need("value").text(),
        properties=_pairs(node.need("properties"), lambda item: item.choice(properties)),
        unit=unit.text() if unit else None,
    )


def _footer(node: Node) -> Footer:
    node.mapping(known=("names", "compare", "tolerance"))
    compare, tolerance = node.get("compare"), node.get("tolerance")
    return Footer(
        names=node.need("names").texts(),
        compare=cast("Literal['sum', 'mean', 'none']", compare.choice(("sum", "mean", "none")) if compare else "none"),
        tolerance=tolerance.number() if tolerance else 0.05,
    )


def _connector(node: Node | None) -> Mapping[str, Any]:
    if node is None:
        return {}
    kind = node.need("kind")
    kind.choice(CONNECTORS)
    return cast("Mapping[str, Any]", node.plain())
