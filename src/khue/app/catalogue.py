"""The catalogue: finds the domains, ours and a city's own in the same way, and everything that they declare.

The only module that knows where domains lie. A domain is a folder with a `domain.yaml`, under `khue/domains` or under
`domains` in the city's folder.
"""

import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol, cast

import khue.domains
from khue.clean.registry import names as normaliser_names
from khue.contract.city import City
from khue.contract.city_file import FILE as CITY_FILE
from khue.contract.city_file import read_city
from khue.contract.contract import Contract
from khue.contract.domain import Domain
from khue.contract.domain_file import FILE as DOMAIN_FILE
from khue.contract.domain_file import read_domain
from khue.contract.errors import ContractError, NotFound
from khue.contract.lint import lint_file
from khue.contract.source import Source
from khue.contract.yaml_lines import did_you_mean

DEMO_CITY = Path(__file__).parent / "demo_city"
OWN_DOMAINS = Path(khue.domains.__path__[0])


class Simulator(Protocol):
    """What a domain's `simulator.py` offers: records as a source would send them, the same for the same seed."""

    def batch(self, source: str, now: datetime, seed: int) -> bytes:
        """Return the source's records at a moment as NDJSON; empty where it has none then."""
        ...

    def export(self, first: date, days: int, seed: int) -> bytes:
        """Return the file that an office would send by hand (asked of sources that name an `export`)."""
        ...


@dataclass(frozen=True)
class Catalogue:
    """A city with its chosen domains, and everything in them by name."""

    city: City
    domains: tuple[Domain, ...]
    contracts: Mapping[str, Contract]
    sources: Mapping[str, Source]

    def contract(self, type_name: str) -> Contract:
        """Return the contract of a type; raises NotFound with the nearest name."""
        if type_name not in self.contracts:
            raise NotFound(f"There is no type {type_name}", todo=did_you_mean(type_name, self.contracts))
        return self.contracts[type_name]

    def source(self, name: str) -> Source:
        """Return a source by name; raises NotFound with the nearest name."""
        if name not in self.sources:
            raise NotFound(f"There is no source {name}", todo=did_you_mean(name, self.sources))
        return self.sources[name]

    def sources_of(self, type_name: str) -> tuple[Source, ...]:
        """Return the sources of a type, in order of name."""
        return tuple(source for _, source in sorted(self.sources.items()) if source.type == type_name)

    def domain_of(self, type_name: str) -> Domain | None:
        """Return the domain that a type belongs to, or None for a draft."""
        return next((d for d in self.domains if any(c.type == type_name for c in d.contracts)), None)

    def simulator(self, source: Source) -> Simulator:
        """Load the simulator of a source's domain."""
        domain = self.domain_of(source.type)
        path = Path(domain.folder) / "simulator.py" if domain else None
        if path is None or not path.is_file():
            raise ContractError(f"The domain of {source.name} has no simulator.py", where=source.file)
        return load_simulator(path)


def read_catalogue(city_folder: str | Path = "") -> Catalogue:
    """Read a city's folder (empty = the demonstration city) and its chosen domains.

    Raises:
        ContractError: the first thing that is wrong, with file and line; every contract is linted.

    """
    city = read_city(find_city(city_folder))
    folders = find_domains(Path(city.folder))
    domains = tuple(_domain(name, folders, city) for name in city.domains)
    contracts, sources = _by_type(domains), _by_name(domains)
    for source in sources.values():
        if source.agency and source.agency not in city.agencies:
            todo = did_you_mean(source.agency, city.agencies)
            raise ContractError(f"The agency {source.agency} is not in the city", where=source.file, todo=todo)
    for contract in contracts.values():
        _check(contract, contracts)
    return Catalogue(city, domains, contracts, sources)


def find_city(folder: str | Path = "") -> Path:
    """Return the folder that holds city.toml; the file itself may be named too."""
    path = Path(folder).expanduser().resolve() if str(folder) else DEMO_CITY
    if path.name == CITY_FILE:
        path = path.parent
    if not (path / CITY_FILE).is_file():
        todo = f"Name a folder that has a {CITY_FILE}, or leave KHUE_CITY empty for the demonstration city"
        raise ContractError(f"There is no {CITY_FILE} in {path}", where=str(path), todo=todo)
    return path


def find_domains(city_folder: Path) -> Mapping[str, Path]:
    """Return the folders that are domains, by name; a city's own may not hide one of ours."""
    found: dict[str, Path] = {}
    for folder in (*_domains_in(OWN_DOMAINS), *_domains_in(city_folder / "domains")):
        if folder.name in found:
            why = f"{found[folder.name]} has that name already"
            raise ContractError(f"The domain {folder.name} stands twice", where=str(folder), why=why)
        found[folder.name] = folder
    return found


def load_simulator(path: Path) -> Simulator:
    """Load a `simulator.py` from its file, wherever the domain lies."""
    spec = importlib.util.spec_from_file_location(f"khue_simulator_{path.parent.name}", path)
    if spec is None or spec.loader is None:
        raise ContractError("The simulator cannot be loaded", where=str(path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast("Simulator", module)


def _domains_in(folder: Path) -> Iterator[Path]:
    return (path.parent for path in sorted(folder.glob(f"*/{DOMAIN_FILE}")))


def _domain(name: str, folders: Mapping[str, Path], city: City) -> Domain:
    if name not in folders:
        where = f"{city.folder}/{CITY_FILE}"
        raise ContractError(f"There is no domain {name}", where=where, todo=did_you_mean(name, folders))
    return read_domain(folders[name])


def _by_type(domains: tuple[Domain, ...]) -> Mapping[str, Contract]:
    found: dict[str, Contract] = {}
    for contract in (contract for domain in domains for contract in domain.contracts):
        if contract.type in found:
            why = f"{found[contract.type].file} has it already"
            raise ContractError(f"Two domains declare the type {contract.type}", where=contract.file, why=why)
        found[contract.type] = contract
    return found


def _by_name(domains: tuple[Domain, ...]) -> Mapping[str, Source]:
    found: dict[str, Source] = {}
    for source in (source for domain in domains for source in domain.sources):
        if source.name in found:
            why = f"{found[source.name].file} has it already"
            raise ContractError(f"Two domains declare the source {source.name}", where=source.file, why=why)
        found[source.name] = source
    return found


def _check(contract: Contract, contracts: Mapping[str, Contract]) -> None:
    """Refuse a contract that breaks a rule of the house, or names what no domain has."""
    for finding in lint_file(Path(contract.file)):
        raise ContractError(finding.what, where=finding.where, todo=finding.todo)
    known = normaliser_names()
    for prop in contract.properties:
        for normaliser in prop.normalise:
            if normaliser.name not in known:
                what = f"{prop.name} orders the normaliser {normaliser.name}, which does not exist"
                raise ContractError(what, where=contract.file, todo=did_you_mean(normaliser.name, known))
        if prop.reference is None:
            continue
        target = contracts.get(prop.reference.type)
        if target is None or prop.reference.property not in target.by_name:
            what = f"{prop.name} refers to {prop.reference.type}.{prop.reference.property}, which no domain has"
            raise ContractError(what, where=contract.file, todo="Choose the domain that has it in city.toml")
