"""Reads a domain's folder: `domain.yaml`, `contracts/*.yaml`, `sources/*.yaml`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, cast

from khue.contract.contract import Contract
from khue.contract.domain import Domain, Number
from khue.contract.duration import read_seconds
from khue.contract.errors import ContractError
from khue.contract.odcs import read_contract
from khue.contract.source import Source
from khue.contract.source_file import read_source
from khue.contract.units import UNITS
from khue.contract.yaml_lines import Node, read_text, read_yaml

FILE = "domain.yaml"
AGGREGATES = ("mean", "max", "min", "sum", "count")


def read_domain(folder: Path) -> Domain:
    """Read everything that a domain's folder declares.

    Raises:
        ContractError: with file and line.

    """
    path = folder / FILE
    root = read_yaml(read_text(path), str(path))
    root.mapping(known=("name", "label", "icon", "agency", "numbers"))
    name = root.need("name")
    if name.text() != folder.name:
        raise name.wrong(f"The domain is called {name.value}, its folder {folder.name}", todo="Give both one name")
    contracts = _contracts(folder)
    numbers, icon = root.get("numbers"), root.get("icon")
    return Domain(
        name=name.text(),
        label=root.need("label").label(),
        icon=icon.text() if icon else "",
        agency=root.need("agency").text(),
        contracts=tuple(contracts.values()),
        sources=_sources(folder, contracts),
        folder=str(folder),
        numbers=tuple(_number(item, contracts) for item in numbers.items()) if numbers else (),
    )


def _contracts(folder: Path) -> Mapping[str, Contract]:
    found: dict[str, Contract] = {}
    for path in sorted((folder / "contracts").glob("*.yaml")):
        contract = read_contract(path)
        if contract.type in found:
            raise _twice("type", contract.type, path)
        if contract.type != path.stem:
            todo = f"Call the file {contract.type}.yaml"
            raise ContractError(f"The file {path.name} holds the type {contract.type}", where=f"{path}:1", todo=todo)
        found[contract.type] = contract
    return found


def _sources(folder: Path, contracts: Mapping[str, Contract]) -> tuple[Source, ...]:
    found: dict[str, Source] = {}
    for path in sorted((folder / "sources").glob("*.yaml")):
        source = read_source(path, contracts)
        if source.name in found:
            raise _twice("source", source.name, path)
        found[source.name] = source
    return tuple(found.values())


def _twice(what: str, name: str, path: Path) -> ContractError:
    return ContractError(f"The {what} {name} stands twice", where=f"{path}:1", todo="Give each a name of its own")


def _number(node: Node, contracts: Mapping[str, Contract]) -> Number:
    node.mapping(known=("name", "label", "type", "property", "aggregate", "unit", "within", "decimals"))
    contract = contracts[node.need("type").choice(contracts)]
    prop = contract.by_name[node.need("property").choice(contract.by_name)]
    aggregate = node.need("aggregate").choice(AGGREGATES)
    if aggregate in ("mean", "sum") and prop.logical_type not in ("number", "integer"):
        raise node.wrong(f"A {prop.logical_type} has no {aggregate}", todo="Take count, min or max")
    within, decimals, unit = (node.get(key) for key in ("within", "decimals", "unit"))
    return Number(
        name=node.need("name").text(),
        label=node.need("label").label(),
        type=contract.type,
        property=prop.name,
        aggregate=cast("Literal['mean', 'max', 'min', 'sum', 'count']", aggregate),
        unit=unit.text() if unit else UNITS.get(prop.unit or "", ""),
        within=read_seconds(within) if within else None,
        decimals=int(decimals.number()) if decimals else 1,
    )
