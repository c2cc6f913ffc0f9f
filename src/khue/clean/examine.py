"""Examine: run every check over the typed columns and say what follows for each record."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from khue.clean.ask import ask
from khue.clean.compile import Compiled
from khue.clean.entity_id import usable
from khue.clean.fate import Fates, fates
from khue.clean.normalisers.timestamp import MOMENT, midnight, zone_of
from khue.clean.plan import Plan
from khue.clean.quality import APPLICABLE, applicable
from khue.clean.reference import known_values
from khue.clean.values import Values
from khue.contract.batch import BROKEN, DELETED, ID
from khue.contract.check import Check

MADE_ID = "_made_id"
MOMENT_COLUMN = "_moment"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Examined:
    """`failed` has a boolean column for each check by its number (true = failed); missing columns never failed."""

    values: Values
    ids: pl.Series
    moments: pl.Series
    applicable: pl.Series
    failed: pl.DataFrame
    fate: Fates


def examine(values: Values, plan: Plan, reference: Mapping[str, pl.DataFrame], now: datetime) -> Examined:
    """Return ids, moments, failed checks, weights and fates of all rows."""
    frame = values.frame
    in_reference = known_values(frame, plan.contract, reference)
    if in_reference:
        frame = frame.with_columns(**in_reference)
    full = frozenset(name for name in frame.columns if not frame.get_column(name).null_count())
    found = ask(
        frame,
        [
            *(_failed(compiled).alias(str(place)) for place, compiled in enumerate(plan.compiled)),
            _id(plan, frame).alias(MADE_ID),
            _moment(plan, now).alias(MOMENT_COLUMN),
            applicable(plan.compiled, plan.types, full),
            pl.int_range(pl.len(), dtype=pl.UInt32).alias("_rows"),  # keeps the height where all else is a literal
        ],
    )
    ids, moments = found.get_column(MADE_ID), found.get_column(MOMENT_COLUMN)
    failed = found.select(str(place) for place in range(len(plan.compiled)))
    failed = _with_types(failed, values, plan)
    failed = _without_deleted(failed, frame)
    failed = _with_broken(failed, plan, frame)
    failed = _with_identity(failed, plan, ids, _lost_moment(values, plan))
    weights = _weights(found.get_column(APPLICABLE), values, plan)
    return Examined(values, ids, moments, weights, failed, fates(frame.height, plan.checks, failed))


def _failed(compiled: Compiled) -> pl.Expr:
    return ~compiled.passes


def _id(plan: Plan, frame: pl.DataFrame) -> pl.Expr:
    """Return the id that the sender gave, or the one that the contract's key makes."""
    if ID not in frame.columns:
        return plan.made_id
    return pl.coalesce(pl.when(pl.col(ID) != "").then(pl.col(ID)), plan.made_id)


def _moment(plan: Plan, now: datetime) -> pl.Expr:
    """Return when the record was observed, in UTC; a date is its midnight in the source's zone; nothing given = now."""
    present = pl.lit((now - _EPOCH) // timedelta(microseconds=1)).cast(MOMENT)  # a datetime would cost a query
    name = plan.contract.observed_at
    if name is None:
        return present
    prop = plan.contract.by_name[name]
    moment = midnight(pl.col(name), zone_of(plan.options)) if prop.logical_type == "date" else pl.col(name)
    return moment.fill_null(present)


def _lost_moment(values: Values, plan: Plan) -> pl.Series | None:
    """Return the rows whose moment was given and cannot be read."""
    return values.unread.get(plan.contract.observed_at or "")


def _with_types(failed: pl.DataFrame, values: Values, plan: Plan) -> pl.DataFrame:
    """Add the type checks of the columns that hold something unreadable; what was there is not missing as well."""
    for place, compiled in enumerate(plan.compiled):
        rows = values.unread.get(compiled.check.field or "")
        if compiled.check.kind == "required" and rows is not None:
            failed = failed.with_columns((failed.get_column(str(place)) & ~rows).alias(str(place)))
    found = {
        str(plan.number(plan.types[name].name)): rows for name, rows in values.unread.items() if name in plan.types
    }
    return _beside(failed, [rows.rename(name) for name, rows in found.items()])


def _beside(frame: pl.DataFrame, columns: list[pl.Series]) -> pl.DataFrame:
    """Return the frame with more columns; a frame without columns has no height to agree with."""
    return pl.DataFrame([*frame.get_columns(), *columns])


def _without_deleted(failed: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """Let a record that asks to delete its entity fail nothing: it says nothing else."""
    if DELETED not in frame.columns or not failed.width:
        return failed
    stays = ~frame.get_column(DELETED).cast(pl.Boolean).fill_null(value=False)
    return failed if stays.all() else failed.select(pl.all() & stays)


def _with_broken(failed: pl.DataFrame, plan: Plan, frame: pl.DataFrame) -> pl.DataFrame:
    """Let a row that could not be decoded fail that alone: it has no values that another check could speak of."""
    if BROKEN not in frame.columns or frame.get_column(BROKEN).null_count() == frame.height:
        return failed
    broken = frame.get_column(BROKEN).is_not_null()
    others = [(column & ~broken).alias(column.name) for column in failed.get_columns()]
    return pl.DataFrame([*others, broken.alias(str(len(plan.checks) - 3))])


def _with_identity(failed: pl.DataFrame, plan: Plan, ids: pl.Series, lost: pl.Series | None) -> pl.DataFrame:
    """Add the records that no check rejects and that still cannot be told from others, or have no time."""
    nameless = ask(ids.to_frame(), [~usable(pl.col(ids.name)).fill_null(value=False)]).to_series()
    if not nameless.any() and lost is None:
        return failed
    rejects = [name for name in failed.columns if _rejects(plan.checks[int(name)])]
    own = [nameless.alias("nameless"), (nameless & False if lost is None else lost).alias("lost")]
    frame = _beside(failed, own)
    free = ~pl.any_horizontal(rejects).fill_null(value=False) if rejects else pl.lit(value=True)
    identity, moment = len(plan.checks) - 2, len(plan.checks) - 1
    added = frame.select((pl.col("nameless") & free).alias(str(identity)), (pl.col("lost") & free).alias(str(moment)))
    return _beside(failed, added.get_columns())


def _rejects(compiled: Compiled) -> bool:
    return compiled.on_fail == "reject" and not compiled.waived


def _weights(weights: pl.Series, values: Values, plan: Plan) -> pl.Series:
    """Add the weight of the type checks of what could not be read: it was there, so the check applied."""
    for name, rows in values.unread.items():
        check: Check | None = plan.types.get(name)
        if check is not None:
            weights = weights + rows.cast(pl.Int32) * check.weight
    return weights
