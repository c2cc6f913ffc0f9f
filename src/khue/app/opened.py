"""The house, open: settings, database, catalogue, ledger and cycle put together once."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import polars as pl

from khue.app.catalogue import Catalogue, read_catalogue
from khue.app.contracts import Contracts
from khue.app.cycle import Cycle
from khue.app.settings import Settings
from khue.contract.clock import Clock, system_clock
from khue.contract.contract import Contract
from khue.ledger.cluster import Cluster
from khue.ledger.commit import Ledger
from khue.ledger.database import Database
from khue.ledger.frames import Frames
from khue.ledger.install import install
from khue.ledger.passwords import password
from khue.ledger.server import Server, attach


@dataclass(frozen=True, slots=True)
class Opened:
    """What commands and processes work with."""

    settings: Settings
    database: Database
    catalogue: Catalogue
    ledger: Ledger
    cycle: Cycle
    frames: Frames
    clock: Clock

    @property
    def secret(self) -> bytes:
        """Return the installation's own secret, which signs forms and seals workbooks."""
        return password(self.settings.data, "forms").encode()


@contextmanager
def opened(settings: Settings, clock: Clock = system_clock) -> Generator[Opened]:
    """Open the house on its database, which is started if need be; types get their tables."""
    catalogue = read_catalogue(settings.city)
    contracts = Contracts(catalogue.contracts, lambda: read_catalogue(settings.city).contracts)
    catalogue = replace(catalogue, contracts=contracts)
    with attach(settings.data, settings.database_url or None, server_settings(settings)) as database:
        ledger, frames = Ledger(database, clock), Frames(database)
        try:
            install(ledger, catalogue.contracts.values())
            cycle = Cycle(ledger, lambda: contracts, references(catalogue, frames), clock, contracts.renew)
            yield Opened(settings, database, catalogue, ledger, cycle, frames, clock)
        finally:
            frames.close()
            ledger.close()


@contextmanager
def prepared(settings: Settings, say: Callable[[str], None]) -> Generator[Database]:
    """Keep the database running for `khue serve` and its children, with every type's tables made."""
    catalogue = read_catalogue(settings.city)
    if settings.database_url:
        with attach(settings.data, settings.database_url) as database:
            _install(database, catalogue)
            yield database
        return
    server = Server(Cluster(settings.data.absolute(), server_settings(settings)), say)
    database = server.start()
    try:
        _install(database, catalogue)
        yield database
    finally:
        server.stop()


def _install(database: Database, catalogue: Catalogue) -> None:
    ledger = Ledger(database, system_clock)
    try:
        install(ledger, catalogue.contracts.values())
    finally:
        ledger.close()


def server_settings(settings: Settings) -> Mapping[str, str]:
    """Return what the installation changes of the embedded server's own settings."""
    return {"shared_buffers": f"{settings.memory_mb}MB"} if settings.memory_mb else {}


def references(catalogue: Catalogue, frames: Frames) -> Callable[[Contract], tuple[Mapping[str, pl.DataFrame], str]]:
    """Return a function from a contract to the master data that it refers to, and their version."""

    def of(contract: Contract) -> tuple[Mapping[str, pl.DataFrame], str]:
        found = {name: frames.state(catalogue.contracts[name]) for name in referred(contract)}
        version = ",".join(f"{name}@{seq}" for name, (_, seq) in sorted(found.items()))
        return {name: frame for name, (frame, _) in found.items()}, version

    return of


def referred(contract: Contract) -> tuple[str, ...]:
    """Return the types whose records the contract's properties name."""
    return tuple(sorted({prop.reference.type for prop in contract.properties if prop.reference}))
