"""The order of work, said once: receive what enters, follow what was committed."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from khue.clean.clean import clean
from khue.contract.batch import Batch
from khue.contract.cleaned import Cleaned
from khue.contract.clock import Clock
from khue.contract.contract import Contract, draft_contract
from khue.contract.receipt import Receipt
from khue.ledger.commit import Ledger
from khue.ledger.head import StaleContract
from khue.ledger.install import install

TRIES = 5  # a contract that changes more often than this between cleaning and committing is a fault of its own


@dataclass
class Cycle:
    """Receive: clean a batch under its type's contract and commit it. Every door and every follower calls this."""

    ledger: Ledger
    contracts: Callable[[], Mapping[str, Contract]]
    references: Callable[[Contract], tuple[Mapping[str, pl.DataFrame], str]]
    clock: Clock
    renew: Callable[[], None] = lambda: None  # reads the contracts again: they may have changed under a running process
    _known: set[str] = field(default_factory=set[str])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def contract(self, type_name: str) -> Contract:
        """Return the type's contract, or an automatic draft for a type without one.

        Raises Refused for a name that no table could have.
        """
        return self.contracts().get(type_name) or draft_contract(type_name)

    def cleaned(self, batch: Batch) -> Cleaned:
        """Return the batch as the ledger would take it now: a dry run ends here."""
        contract = self.contract(batch.type)
        reference, version = self.references(contract)
        cleaned = clean(batch, contract, reference, self.clock())
        return Cleaned(batch, contract, cleaned.rows, cleaned.quarantined, version)

    def receive(self, batch: Batch) -> list[Receipt]:
        """Clean and commit the batch; return a receipt for each of its parts, durable when this returns."""
        return self.commit(self.cleaned(batch))

    def commit(self, cleaned: Cleaned) -> list[Receipt]:
        """Commit a cleaned batch; it is cleaned again where its contract changed in between."""
        for _ in range(TRIES - 1):
            try:
                return self._commit(cleaned)
            except StaleContract:
                self.renew()
                cleaned = self.cleaned(cleaned.batch)
        return self._commit(cleaned)

    def _commit(self, cleaned: Cleaned) -> list[Receipt]:
        if cleaned.contract.is_draft:
            self._keep_draft(cleaned.contract)
        return self.ledger.commit(cleaned)

    def _keep_draft(self, contract: Contract) -> None:
        """Give a type that is seen first without a contract its tables, once."""
        with self._lock:
            if contract.type not in self._known:
                self.renew()
                if contract.type in self.contracts():
                    raise StaleContract(f"The type {contract.type} has a contract by now")
                install(self.ledger, (contract,))
                self._known.add(contract.type)
