"""The record as received: a JSON object of what was sent, text as written, for the quarantine and its owner."""

from collections.abc import Iterable

import polars as pl

from khue.contract.batch import EXTRA, GIVEN, ID, RECORD, UNIT_PREFIX


def object_text(columns: Iterable[str], frame: pl.DataFrame) -> pl.Expr:
    """Return a JSON object of the columns that have a value; those of `_extra` come last; no value at all is null."""
    pairs = [_pair(name, frame) for name in columns]
    if EXTRA in frame.columns:
        inner = pl.col(EXTRA).str.strip_chars().str.strip_prefix("{").str.head(-1).str.strip_chars()
        pairs.append(pl.when(inner != "").then(inner))
    if not pairs:
        return pl.lit(None, pl.String)
    body = pl.concat_str(pairs, separator=",", ignore_nulls=True)
    return pl.when(body != "").then(pl.concat_str(pl.lit("{"), body, pl.lit("}")))


def _pair(name: str, frame: pl.DataFrame) -> pl.Expr:
    """Return `"name":value`, or null where there is no value; a patch that deletes one says null."""
    whole = pl.struct(pl.col(name)).struct.json_encode().str.slice(1).str.head(-1)
    given = pl.col(name).is_not_null()
    if GIVEN in frame.columns:
        given = given | pl.col(GIVEN).list.contains(name).fill_null(value=False)
    return pl.when(given).then(whole)


def received(frame: pl.DataFrame) -> pl.Series:
    """Return the JSON object of each row (Binary).

    Beside the properties it holds `_id` and `_unit.<property>` where the sender gave them, so that the record can be
    cleaned again as it came.
    """
    names = [name for name in frame.columns if not name.startswith("_") or name == ID or name.startswith(UNIT_PREFIX)]
    text = object_text(names, frame).fill_null("{}").cast(pl.Binary).alias("received")
    return frame.select(RECORD, text).get_column("received")  # beside a column, or no column at all would be one row


def extra(frame: pl.DataFrame, known: frozenset[str]) -> pl.Expr | None:
    """Return what the contract does not know as a JSON object, NUL replaced; None where there is no such column."""
    unknown = [name for name in frame.columns if not name.startswith("_") and name not in known]
    if not unknown and EXTRA not in frame.columns:
        return None
    return object_text(unknown, frame).str.replace_all(r"\u0000", r"\ufffd", literal=True)
