"""From `Cleaned` to the temporary tables of a writer's connection: frames made ready, outside the ledger's lock."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl
import pyarrow as pa

from khue.contract.batch import Part
from khue.contract.cleaned import Cleaned
from khue.contract.contract import Contract
from khue.ledger.tables import contract_columns

NO_TEXTS = pl.lit([], dtype=pl.List(pl.String))
SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True)
class Ready:
    """The frames of a batch as the temporary tables take them.

    `rows` may hold an id several times (`repeats`), and even several times at one moment (`twins`).
    """

    rows: pl.DataFrame
    quarantined: pl.DataFrame
    repeats: bool
    twins: bool
    patch: bool


def ready(cleaned: Cleaned, scopes: Mapping[str, int], now: datetime) -> Ready:
    """Return the frames of `cleaned` with part, relative record number, scope and quality."""
    contract, rows = cleaned.contract, cleaned.rows
    patch = cleaned.batch.mode == "patch" or ("_given" in rows.columns and rows["_given"].null_count() < rows.height)
    names = [name for name, _ in contract_columns(contract)]
    frame = rows.with_columns(
        _order=pl.col("_record").cast(pl.Int32),
        _scope=_scope_key().replace_strict(dict(scopes), default=None, return_dtype=pl.Int32),
        _quality=_quality(),
        _observed_at=_moment(contract, now, patch=patch),
        _given=_given([prop.name for prop in contract.properties]) if patch else pl.lit(None, dtype=pl.String),
        _flags=pl.col("_flags").fill_null(NO_TEXTS),
        _held=pl.col("_held").fill_null(NO_TEXTS),
        _deleted=pl.col("_deleted").fill_null(value=False),
    )
    system = ["_id", "_area", "_agency", "_visible_to", "_scope", "_observed_at", "_record", "_x", "_y", "_cell"]
    rest = ["_quality", "_flags", "_held", "_extra", "_deleted"]
    last = ["_order", "_part", "_row", "_dimensions", "_passed", "_applicable", "_given"]
    frame = _with_parts(frame, cleaned.batch.parts).select(*system, *rest, *names, *last)
    ids = frame.select(
        pl.col("_id").n_unique(), twins=pl.struct("_id", "_observed_at").n_unique(), height=pl.len()
    ).row(0)
    return Ready(frame, quarantined(cleaned), ids[0] < ids[2], ids[1] < ids[2], patch)


def quarantined(cleaned: Cleaned) -> pl.DataFrame:
    """Return the quarantined records as the temporary table takes them."""
    found = cleaned.quarantined
    if found.is_empty():
        return found
    digests = [hashlib.sha256(content).digest() for content in found["received"].to_list()]
    parts = cleaned.batch.parts
    owner = cleaned.batch.agency or cleaned.contract.owner
    frame = _with_parts(found.with_columns(_order=pl.col("_record").cast(pl.Int32)), parts)
    sources = {place: part.source for place, part in enumerate(parts)}
    return frame.select(
        "_order",
        "_part",
        "_record",
        pl.col("_row").alias("row"),
        pl.col("_part").replace_strict(sources, return_dtype=pl.String).alias("source"),
        pl.col("_id").alias("id"),
        pl.col("_observed_at").alias("observed_at"),
        "action",
        pl.col("fields").fill_null(NO_TEXTS),
        pl.col("_flags").fill_null(NO_TEXTS).alias("flags"),
        pl.col("_dimensions").cast(pl.Int16).alias("dimensions"),
        "reasons",
        "received",
        pl.Series("received_digest", digests, dtype=pl.Binary),
        pl.lit(owner).alias("owner"),
        pl.lit("open").alias("state"),
        pl.lit("").alias("note"),
    )


def scope_keys(rows: pl.DataFrame) -> dict[str, tuple[str, str, list[str]]]:
    """Return the combinations of agency, area and viewers that the rows have, by key."""
    found = rows.select(
        _scope_key().alias("key"),
        pl.col("_agency").fill_null(""),
        pl.col("_area").fill_null(""),
        pl.col("_visible_to").fill_null(NO_TEXTS).list.sort(),
    ).unique("key")
    return {key: (agency, area, viewers) for key, agency, area, viewers in found.iter_rows()}


def arrow(frame: pl.DataFrame, json_columns: Sequence[str]) -> pa.Table:  # pyright: ignore[reportUnknownParameterType]  no types
    """Return the frame for a binary COPY: the JSON columns are texts that land in jsonb."""
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    kind = pa.json_(pa.large_utf8())
    for name in json_columns:
        place = table.schema.get_field_index(name)
        chunks = [pa.ExtensionArray.from_storage(kind, chunk) for chunk in table.column(place).chunks]
        table = table.set_column(place, pa.field(name, kind), pa.chunked_array(chunks, type=kind))
    return table


def json_names(contract: Contract) -> list[str]:
    """Return the staged columns that are jsonb."""
    return ["_extra", *(name for name, kind in contract_columns(contract) if kind == "jsonb")]


def _with_parts(frame: pl.DataFrame, parts: Sequence[Part]) -> pl.DataFrame:
    """Add the place of each record's part; `_record` becomes its place in the part."""
    if len(parts) == 1:
        return frame.with_columns(_part=pl.lit(0, pl.Int32), _record=(pl.col("_order") - parts[0].start).cast(pl.Int32))
    starts = pl.DataFrame(
        {
            "_order": [part.start for part in parts],
            "_part": range(len(parts)),
            "_start": [part.start for part in parts],
        },
        schema={"_order": pl.Int32, "_part": pl.Int32, "_start": pl.Int32},
    ).filter(pl.Series([part.end > part.start for part in parts], dtype=pl.Boolean))
    joined = frame.sort("_order").join_asof(starts.sort("_order"), on="_order")
    return joined.with_columns(_record=(pl.col("_order") - pl.col("_start")).cast(pl.Int32)).drop("_start")


def _scope_key() -> pl.Expr:
    viewers = pl.col("_visible_to").fill_null(NO_TEXTS).list.sort().list.join(SEPARATOR)
    return pl.concat_str(pl.col("_agency").fill_null(""), pl.col("_area").fill_null(""), viewers, separator=SEPARATOR)


def _quality() -> pl.Expr:
    share = pl.col("_passed").cast(pl.Float32) / pl.col("_applicable").cast(pl.Float32)
    return pl.when(pl.col("_applicable") > 0).then(share).otherwise(pl.lit(1.0, pl.Float32))


def _moment(contract: Contract, now: datetime, *, patch: bool) -> pl.Expr:
    """Return the observed time; a deletion or patch of a measure that names no moment is about now."""
    if contract.kind != "measure":
        return pl.col("_observed_at")
    unsaid = pl.lit(value=patch) | pl.col("_deleted").fill_null(value=False)
    present = pl.lit(now).cast(pl.Datetime("us", "UTC"))
    return pl.when(pl.col("_observed_at").is_null() & unsaid).then(present).otherwise(pl.col("_observed_at"))


def _given(names: Sequence[str]) -> pl.Expr:
    """One bit a property, in contract order: 1 = the patch says what it is."""
    given = pl.col("_given").fill_null(NO_TEXTS)
    bits = [pl.when(given.list.contains(name)).then(pl.lit("1")).otherwise(pl.lit("0")) for name in names]
    return pl.concat_str(bits) if bits else pl.lit("")
