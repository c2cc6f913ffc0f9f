"""Records that judging rejects: they leave the staging for quarantine, with their reasons."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from khue.contract.batch import EXTRA
from khue.contract.check import DIMENSIONS, Check
from khue.contract.cleaned import Cleaned
from khue.ledger.judge import Judge
from khue.ledger.merge_sql import Statements
from khue.ledger.staging import arrow
from khue.ledger.statements import fill, template
from khue.ledger.writer import Writer

WORSE = template("judged_worse")
SCHEMA = {
    "_order": pl.Int32, "_part": pl.Int32, "_record": pl.Int32, "row": pl.Int64, "source": pl.String, "id": pl.String,
    "observed_at": pl.Datetime("us", "UTC"), "action": pl.String,
    "fields": pl.List(pl.String), "flags": pl.List(pl.String),
    "dimensions": pl.Int16, "reasons": pl.String, "received": pl.Binary, "received_digest": pl.Binary,
    "owner": pl.String, "state": pl.String, "note": pl.String,
}  # fmt: skip


def quarantine_rejects(writer: Writer, sql: Statements, judge: Judge, cleaned: Cleaned) -> int:
    """Move the rejected rows of the staging to the quarantine's loading table; return how many there were."""
    found = writer.rows(fill("judged_rejects", **sql.places))
    received = _received(cleaned, [row[0] for row in found])
    fresh: list[dict[str, Any]] = []
    for order, part, record, row, name, observed_at, failed, dimensions, waiting in found:
        checks = judge.failed(failed)
        original = received.get(order, {})
        reasons = json.dumps([_reason(check, cleaned, row, original) for check in checks], ensure_ascii=False)
        flags = sorted(check.name for check in checks)
        if waiting:
            writer.run(WORSE, (order, reasons, flags))
            continue
        content = json.dumps(original, ensure_ascii=False).encode()
        fresh.append(
            {
                "_order": order, "_part": part, "_record": record, "row": row, "id": name, "observed_at": observed_at,
                "source": cleaned.batch.parts[part].source, "action": "reject",
                "fields": sorted({check.field for check in checks if check.field}), "flags": flags,
                "dimensions": _dimensions(dimensions, checks), "reasons": reasons, "received": content,
                "received_digest": hashlib.sha256(content).digest(),
                "owner": cleaned.batch.agency or cleaned.contract.owner, "state": "open", "note": "",
            }
        )  # fmt: skip
    if fresh:
        table: pa.Table = arrow(pl.DataFrame(fresh, schema=SCHEMA), ["reasons"])
        writer.copy("quarantine_load", table)
    return len(found)


def _received(cleaned: Cleaned, orders: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return the records as received, by place in the batch: properties given, and what the contract does not know."""
    frame = cleaned.batch.frame
    kept = [name for name in frame.columns if name in cleaned.contract.by_name or name in ("_record", EXTRA)]
    rows = frame.select(kept).filter(pl.col("_record").is_in(list(orders))).iter_rows(named=True)
    records: dict[int, dict[str, Any]] = {}
    for row in rows:
        extra = json.loads(row.pop(EXTRA, None) or "{}")
        order = row.pop("_record")
        records[order] = {name: value if isinstance(value, (str, bool, int, float)) else str(value)
                          for name, value in row.items() if value is not None} | extra  # fmt: skip
    return records


def _reason(check: Check, cleaned: Cleaned, row: int, received: Mapping[str, Any]) -> dict[str, Any]:
    column = cleaned.batch.headings.get(check.field or "", check.field or "")
    value = received.get(check.field or "", "")
    words = _Words({**check.arguments, "column": column, "row": row, "value": value})
    return {
        "check": check.name, "dimension": check.dimension, "field": check.field, "column": column, "row": row,
        "value": value, "vi": check.reason.vi.format_map(words), "en": check.reason.en.format_map(words),
    }  # fmt: skip


class _Words(dict[str, Any]):
    """The places of a reason's sentence; an unknown one stays as it is written."""

    def __missing__(self, name: str) -> str:
        return "{" + name + "}"


def _dimensions(before: int, checks: Sequence[Check]) -> int:
    for check in checks:
        before |= 1 << DIMENSIONS.index(check.dimension)
    return before
