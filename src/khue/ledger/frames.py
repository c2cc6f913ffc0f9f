"""State as frames, for whoever cleans: master data that other types refer to."""

import threading
from contextlib import suppress
from dataclasses import dataclass, field

import polars as pl
from adbc_driver_postgresql import dbapi

from khue.contract.contract import Contract
from khue.contract.errors import TryAgain
from khue.ledger.database import Database, retrying
from khue.ledger.statements import fill, quoted

HEARD = "select 1 from khue.commit where source = $1 limit 1"
LAST = "select coalesce(max(seq), 0) from khue.commit where type = $1"


@dataclass
class Frames:
    """Reads whole states and keeps each until a commit of its type is newer. Serves all threads of a process."""

    database: Database
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _kept: dict[str, tuple[int, pl.DataFrame]] = field(default_factory=dict[str, tuple[int, pl.DataFrame]])
    _connection: dbapi.Connection | None = None

    def state(self, contract: Contract) -> tuple[pl.DataFrame, int]:
        """Return what is true of a type and the seq of its last commit.

        Columns: _id, _area, _agency (String), _x, _y (Float64, degrees) and the contract's properties.
        """
        with self._lock:
            return self._state(contract)

    def heard(self, source: str) -> bool:
        """Whether anything of a source is in the record."""
        with self._lock:
            return not self._table(HEARD, (source,)).is_empty()

    def type_of(self, seq: int) -> str | None:
        """Return the type of a commit, or None where there is no such commit."""
        with self._lock:
            found = self._table("select type from khue.commit where seq = $1", (seq,))
        return None if found.is_empty() else str(found.item())

    def unknown(self, contract: Contract, name: str, seq: int) -> list[str]:
        """Return the values of a referring property in one commit that its master data does not have."""
        reference = contract.by_name[name].reference
        if reference is None:
            return []
        places = {
            "value": quoted(name),
            "history": quoted("history", contract.type),
            "master": quoted("state", reference.type),
            "key": quoted(reference.property),
        }
        with self._lock:
            return self._table(fill("unknown_values", **places), (seq,)).to_series().cast(pl.String).to_list()

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._forget()

    def _state(self, contract: Contract) -> tuple[pl.DataFrame, int]:
        seq = int(self._table(LAST, (contract.type,)).item())
        kept = self._kept.get(contract.type)
        if kept is None or kept[0] != seq:
            names = ("_id", "_area", "_agency", "_x", "_y", *contract.by_name)
            columns = ", ".join(quoted(name) for name in names)
            text = f"select {columns} from {quoted('state', contract.type)} where not _deleted"  # noqa: S608  names are quoted
            kept = (seq, self._table(text, ()))
            self._kept[contract.type] = kept
        return kept[1], kept[0]

    def _table(self, text: str, values: tuple[object, ...]) -> pl.DataFrame:
        try:
            return self._answer(text, values)
        except dbapi.Error:
            self._forget()  # the server may have been restarted: once more with a new connection
        try:
            return self._answer(text, values)
        except dbapi.Error as error:
            self._forget()
            raise TryAgain("Master data cannot be read", why=str(error)) from error

    def _answer(self, text: str, values: tuple[object, ...]) -> pl.DataFrame:
        if self._connection is None:
            self._connection = retrying(lambda: dbapi.connect(self.database.owner, autocommit=True))
        with self._connection.cursor() as cursor:
            cursor.execute(text, values or None)
            found = pl.from_arrow(cursor.fetch_arrow_table())
        return found if isinstance(found, pl.DataFrame) else found.to_frame()

    def _forget(self) -> None:
        if self._connection is not None:
            with suppress(dbapi.Error):  # a dead one is only forgotten
                self._connection.close()
            self._connection = None
