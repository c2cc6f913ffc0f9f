"""The contracts of a running process: read once, and again when the ledger says that one changed."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping

from khue.contract.contract import Contract
from khue.contract.errors import ContractError

PAUSE = 1.0  # seconds between two readings: many batches may be stale at once


class Contracts(Mapping[str, Contract]):
    """Contracts by type. Whoever holds this sees a renewed one at its next look: no process must be restarted."""

    def __init__(self, found: Mapping[str, Contract], read: Callable[[], Mapping[str, Contract]]) -> None:
        self._found, self._read = found, read
        self._lock = threading.Lock()
        self._again = 0.0

    def renew(self) -> None:
        """Read the city's files again; where they are broken at this moment, what was known goes on."""
        with self._lock:
            if time.monotonic() < self._again:
                return
            try:
                self._found = self._read()
            except ContractError:
                return  # the batch stays stale, and its sender is told to try again
            finally:
                self._again = time.monotonic() + PAUSE

    def __getitem__(self, name: str) -> Contract:
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)
