"""Quarantined: the records that wait for their owner, wholly or for one field, as received and with every reason."""

import polars as pl

from khue.clean.examine import Examined
from khue.clean.fate import PASSED, REJECTED
from khue.clean.plan import Plan
from khue.clean.reasons import reasons
from khue.clean.received import received
from khue.contract.batch import RECORD, ROW, Batch

SCHEMA = pl.Schema(
    {
        RECORD: pl.Int32,
        ROW: pl.Int64,
        "_id": pl.String,
        "_observed_at": pl.Datetime("us", "UTC"),
        "action": pl.String,
        "fields": pl.List(pl.String),
        "_flags": pl.List(pl.String),
        "_dimensions": pl.Int16,
        "received": pl.Binary,
        "reasons": pl.String,
    }
)
_NOBODY = SCHEMA.to_frame()


def quarantined(batch: Batch, plan: Plan, examined: Examined) -> pl.DataFrame:
    """Return one row for each record that was rejected or had a field held."""
    fate = examined.fate
    waits = fate.of("action") != PASSED
    if not waits.any():
        return _NOBODY
    at = waits.arg_true()
    asked = batch.frame[at]
    lines = fate.table[fate.code.gather(at)]
    failed = examined.failed[at]
    action = pl.when(pl.col("action") == REJECTED).then(pl.lit("reject")).otherwise(pl.lit("hold"))
    return pl.DataFrame(
        [
            asked.get_column(RECORD),
            asked.get_column(ROW),
            examined.ids.gather(at).rename("_id"),
            examined.moments.gather(at).rename("_observed_at"),
            lines.select(action.alias("action")).to_series(),
            lines.get_column("fields"),
            lines.get_column("failed").rename("_flags"),
            lines.get_column("dimensions").rename("_dimensions"),
            received(asked),
            reasons(asked, failed, plan.checks, batch.headings).rename("reasons"),
        ]
    )
