"""Rows: the records that may enter, with the system columns of khue.contract.cleaned."""

from collections.abc import Mapping

import polars as pl

from khue.clean.distinct import by_distinct
from khue.clean.examine import Examined
from khue.clean.fate import REJECTED
from khue.clean.normalisers.fold import fold, fold_ascii
from khue.clean.place import locate
from khue.clean.plan import Plan
from khue.clean.reader import Reader, read_columns
from khue.clean.received import extra
from khue.clean.values import given
from khue.contract.batch import DELETED, GIVEN, RECORD, ROW, Batch

_FOLD = Reader((fold_ascii(pl.col("text"), {}), fold(pl.col("text"), {})), pl.lit(value=True))


def rows(batch: Batch, plan: Plan, examined: Examined, reference: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the records that no check rejects, in the order of the batch."""
    properties = _without_held(examined)
    placed = locate(properties, plan.contract, reference)
    system = _system(batch, plan, examined)
    folds = [_folded(properties.get_column(prop.name)) for prop in plan.contract.properties if prop.folded]
    visible = [properties.get_column(prop.name) for prop in plan.contract.properties]
    by_name = {series.name: series for series in (*system, *placed.get_columns())}
    everything = pl.DataFrame([*(by_name[name] for name in _ORDER), *visible, *folds])
    enters = examined.fate.of("action") != REJECTED
    return everything if enters.all() else everything.filter(enters)


_NOT = pl.Series(DELETED, [False])
_NOBODY = pl.Series("_visible_to", [[]], dtype=pl.List(pl.String))
_NOTHING = pl.Series(GIVEN, [None], dtype=pl.List(pl.String))
_NO_EXTRA = pl.Series("_extra", [None], dtype=pl.String)
_ORDER = (
    *(RECORD, ROW, "_id", "_observed_at", "_area", "_agency", "_visible_to", "_x", "_y", "_cell"),
    *("_passed", "_applicable", "_flags", "_held", "_dimensions", "_extra", DELETED, GIVEN),
)


def _without_held(examined: Examined) -> pl.DataFrame:
    """Return the typed columns with the held values empty."""
    fate, frame = examined.fate, examined.values.frame
    held = {name for names in fate.table.get_column("held").to_list() for name in names}
    emptied: list[pl.Series] = []
    for name in sorted(held):
        lines = fate.table.select(pl.col("held").list.contains(name).alias(name)).to_series()
        keep = ~lines.gather(fate.code)
        emptied.append(frame.get_column(name).to_frame().select(pl.when(keep).then(pl.col(name))).to_series())
    return frame.with_columns(emptied) if emptied else frame


def _system(batch: Batch, plan: Plan, examined: Examined) -> list[pl.Series]:
    """Return the system columns but those of the place."""
    fate, frame = examined.fate, batch.frame
    height = frame.height
    applicable = examined.applicable
    deleted = _NOT.new_from_index(0, height)
    if DELETED in frame.columns:
        deleted = frame.get_column(DELETED).cast(pl.Boolean).fill_null(value=False)
        if deleted.any():
            applicable = applicable * (~deleted).cast(pl.Int32)
    listed = given(batch, plan, examined.values)
    return [
        frame.get_column(RECORD),
        frame.get_column(ROW),
        examined.ids.rename("_id"),
        examined.moments.rename("_observed_at"),
        pl.Series("_agency", [batch.agency or plan.contract.owner]).new_from_index(0, height),
        _NOBODY.new_from_index(0, height),
        (applicable - fate.of("lost")).rename("_passed"),
        applicable.rename("_applicable"),
        fate.of("flags").rename("_flags"),
        fate.of("held").rename("_held"),
        fate.of("dimensions").rename("_dimensions"),
        _extra(frame, plan),
        deleted.rename(DELETED),
        _NOTHING.new_from_index(0, height) if listed is None else listed,
    ]


def _extra(frame: pl.DataFrame, plan: Plan) -> pl.Series:
    unknown = extra(frame, plan.known)
    if unknown is None:
        return _NO_EXTRA.new_from_index(0, frame.height)
    return frame.select(unknown.alias("_extra")).to_series()


def _folded(text: pl.Series) -> pl.Series:
    """Return the column that search without diacritics looks at."""
    name = f"{text.name}__folded"
    return by_distinct(text, _fold).rename(name)


def _fold(text: pl.Series) -> pl.Series:
    return read_columns(text.rename("text").to_frame(), {"text": _FOLD})["text"].values
