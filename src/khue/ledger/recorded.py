"""What the record says of earlier commits, for whoever judges them again: originals, raw bytes, present versions."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import zstandard
from adbc_driver_postgresql import dbapi

from khue.contract.cleaned import Cleaned
from khue.contract.contract import Contract
from khue.ledger.database import Database, connect_owner_adbc
from khue.ledger.statements import fill, quoted, template

RAW = "select bytes from khue.raw where seq = $1 order by part"
JSON_TYPES = ("object", "array")


@dataclass(frozen=True, slots=True)
class Original:
    """A commit that brought records in: where its bytes lie and how they were decoded."""

    seq: int
    source: str
    actor: str
    mode: str
    raw_seq: int
    profile: Mapping[str, Any]
    about: Mapping[str, Any]
    kind: str
    version: str  # of the contract that it was judged under


@dataclass(frozen=True, slots=True)
class Waited:
    """One record that was quarantined: where it waits, what became of it, and under which contract version."""

    seq: int
    record: int
    action: str
    state: str
    version: str
    checks: tuple[str, ...]


class Recorded:
    """Reads the record for replay; close it when done."""

    def __init__(self, database: Database) -> None:
        self._connection: dbapi.Connection = connect_owner_adbc(database)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def originals(self, contract: Contract) -> list[Original]:
        """Return the commits of a contract's type that can be judged again under it, in order of seq."""
        rows = self._frame(template("replay/originals"), (contract.type, contract.major)).rows()
        return [
            Original(seq, source, actor, mode, raw_seq, json.loads(profile), json.loads(about), kind, version)
            for seq, source, actor, mode, raw_seq, profile, about, kind, version in rows
        ]

    def raw(self, seq: int) -> bytes:
        """Return the bytes as received that a commit holds."""
        unpack = zstandard.ZstdDecompressor().decompressobj
        return b"".join(unpack().decompress(part) for part in self._frame(RAW, (seq,)).to_series())

    def replays(self, type_name: str) -> Mapping[int, Mapping[int, Sequence[int]]]:
        """Return, by original commit, its replays in order: seq → the original's record that each of its own is."""
        found: dict[int, dict[int, Sequence[int]]] = {}
        for seq, original, records in self._frame(template("replay/replays"), (type_name,)).rows():
            found.setdefault(original, {})[seq] = records
        return found

    def waited(self, seqs: Sequence[int]) -> list[Waited]:
        """Return what was quarantined by some commits, in order."""
        rows = self._frame(template("replay/waiting"), (list(seqs),)).rows()
        return [Waited(seq, record, action, state, version, tuple(checks))
                for seq, record, action, state, version, checks in rows]  # fmt: skip

    def latest(self, cleaned: Cleaned) -> pl.DataFrame:
        """Return one row for each accepted record of a batch: what holds now at its id (and time).

        Columns: _of_record, _now_seq, _now_record, _now_kind, _now_of, _now_flags, _now_held, _now_x, _now_y,
        _now_area, and `_now.<property>` for each property (JSON as text); null where nothing holds.
        """
        rows, contract = cleaned.rows, cleaned.contract
        times = rows["_observed_at"].dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_list()
        places = {
            "columns": "".join(f", {_read(contract, name)} as {quoted('_now.' + name)}" for name in contract.by_name),
            "inner": "".join(f", h.{quoted(name)}" for name in contract.by_name),
            "history": quoted("history", contract.type),
            "any_time": "false" if contract.kind == "measure" else "true",
        }
        parameters = (rows["_record"].to_list(), rows["_id"].to_list(), times)
        return self._frame(fill("replay/latest", **places), parameters)

    def _frame(self, text: str, parameters: tuple[object, ...]) -> pl.DataFrame:
        with self._connection.cursor() as cursor:
            cursor.execute(text, parameters)
            found = pl.from_arrow(cursor.fetch_arrow_table())
        self._connection.rollback()
        return found if isinstance(found, pl.DataFrame) else found.to_frame()


def _read(contract: Contract, name: str) -> str:
    column = f"h.{quoted(name)}"
    return f"{column}::text" if contract.by_name[name].logical_type in JSON_TYPES else column
