"""What `clean` makes of a batch, and what the ledger takes."""

from dataclasses import dataclass

import polars as pl

from khue.contract.batch import Batch
from khue.contract.contract import Contract

# System columns of `Cleaned.rows`, before the contract's columns (typed as their logical type):
#   _record Int32 · _row Int64 · _id String · _observed_at Datetime(us, UTC) or null
#   _area String · _agency String · _visible_to List(String) · _x, _y Float64 (WGS 84 longitude, latitude) or null
#   _cell Int64 or null (see khue.clean.place)
#   _passed Int32, _applicable Int32 (weights of the row checks that passed / that applied)
#   _flags List(String): names of the failed flag and hold checks, sorted · _held List(String): properties held, sorted
#   _dimensions Int16: bit i set = a check of DIMENSIONS[i] failed
#   _extra String (JSON object) or null · _deleted Boolean · _given List(String) (patch only, else null)
#   and `<name>__folded` String for each folded property.
# Columns of `Cleaned.quarantined`, one row a record that was rejected or had a field held:
#   _record Int32 · _row Int64 · _id String or null · _observed_at Datetime or null · action String: "reject" | "hold"
#   fields List(String) · _flags List(String): names of all failed checks · _dimensions Int16
#   received Binary: JSON object of the record as received, keys = properties (plus _extra's), text as written
#   reasons String: JSON list of {"check","dimension","field","column","row","value","vi","en"}


@dataclass(frozen=True, slots=True)
class Cleaned:
    """One batch after `clean`: rows that may enter the record, and the rest with reasons.

    A rejected record is in `quarantined` alone, a held one in both. `rows` keeps the order of the batch.
    """

    batch: Batch
    contract: Contract
    rows: pl.DataFrame
    quarantined: pl.DataFrame
    reference_version: str = ""
