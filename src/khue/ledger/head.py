"""The ledger's lock: the one row that every writer updates first, and holds to the end of its transaction."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from khue.contract.clock import Clock, system_clock
from khue.contract.errors import TryAgain
from khue.ledger.merge_sql import Place
from khue.ledger.statements import fill, literal, template
from khue.ledger.writer import Writer

MICROSECOND = timedelta(microseconds=1)
CURRENT = template("contracts_current")


class StaleContract(TryAgain):
    """The contract changed since the batch was cleaned: clean it again under the one in force."""


@dataclass(frozen=True, slots=True)
class Head:
    """The lock as it was taken: the first seq and moment of this transaction, and the chain's end before it."""

    first: int
    parts: int
    hash: bytes
    recorded_at: datetime  # of the first commit
    contract_seq: int

    @property
    def place(self) -> Place:
        """Return the first seq and its moment, as statements take them."""
        return Place(self.first, self.recorded_at.isoformat())

    def moment(self, part: int) -> datetime:
        """Return when the commit of a part was recorded."""
        return self.recorded_at + MICROSECOND * part


def lock(writer: Writer, parts: int, clock: Clock) -> Head:
    """Take the ledger's lock for `parts` commits; it is free again when the transaction ends."""
    # The server's own clock is read after the wait for the lock; another one is a test's.
    now = "clock_timestamp()" if clock is system_clock else f"timestamptz {literal(clock().isoformat())}"
    seq, digest, recorded_at, contract_seq = writer.rows(fill("lock", parts=parts, now=now))[0]
    first = recorded_at.astimezone(UTC) - MICROSECOND * (parts - 1)
    return Head(int(seq) - parts + 1, parts, bytes(digest), first, int(contract_seq))


class Contracts:
    """Which contract of each type is in force, read again when the head says that one changed."""

    def __init__(self) -> None:
        self._as_of = -1
        self._digests: dict[str, str] = {}

    def require(self, writer: Writer, head: Head, type_name: str, digest: str) -> None:
        """Raise StaleContract unless `digest` is the contract in force; call it under the lock."""
        if head.contract_seq != self._as_of:
            self._digests = {str(name): str(found) for name, found in writer.rows(CURRENT)}
            self._as_of = head.contract_seq
        if self._digests.get(type_name) != digest:
            raise StaleContract(
                f"The contract of {type_name} changed since the batch was cleaned"
                if type_name in self._digests
                else f"The type {type_name} is not installed",
                todo="clean the batch again under the contract in force",
            )
