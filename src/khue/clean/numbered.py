"""Numbers: each record's place in the batch and row at its owner's, where the decoder gave none."""

from dataclasses import replace

import polars as pl

from khue.contract.batch import RECORD, ROW, Batch


def numbered(batch: Batch) -> Batch:
    """Return the batch with `_record` (Int32, from 0) and `_row` (Int64; the record's number where it is unknown)."""
    schema = batch.frame.schema
    if schema.get(RECORD) == pl.Int32 and schema.get(ROW) == pl.Int64:
        return batch
    place = pl.int_range(pl.len(), dtype=pl.Int32) if RECORD not in schema else pl.col(RECORD).cast(pl.Int32)
    row = place.cast(pl.Int64) if ROW not in schema else pl.col(ROW).cast(pl.Int64)
    return replace(batch, frame=batch.frame.with_columns(place.alias(RECORD), row.alias(ROW)))
