"""A quarantined record as it was received, made a record again for cleaning."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import polars as pl

from khue.clean.entity_id import key_properties
from khue.contract.batch import EXTRA, ID, UNIT_PREFIX
from khue.contract.commit import Quarantined
from khue.contract.contract import Contract


def record_of(waiting: Quarantined, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was received with the new values in it; what a decoder noted of a broken line is left out."""
    received = {**(waiting.received or {}), **values}
    return {name: value for name, value in received.items() if not name.startswith("_") or _is_sent(name)}


def frame_of(records: Sequence[Mapping[str, Any]], contract: Contract) -> pl.DataFrame:
    """Return records of equal names and JSON types as a frame; what the contract does not know goes beside."""
    known = {*contract.by_name, *key_properties(contract.key)}
    names = [name for name in records[0] if name in known or _is_sent(name)]
    columns = [typed([record[name] for record in records]).alias(name) for name in names]
    extra = [{name: value for name, value in record.items() if name not in names} for record in records]
    if any(extra):
        columns.append(pl.Series(EXTRA, [orjson.dumps(one).decode() if one else None for one in extra], pl.String))
    return pl.DataFrame(columns)


def _is_sent(name: str) -> bool:
    """Whether a system column is one that the sender gives."""
    return name == ID or name.startswith(UNIT_PREFIX)


def typed(values: Sequence[Any]) -> pl.Series:
    """Return a column as JSON has it: numbers as numbers, objects and lists as JSON text, all else as text."""
    kinds = {type(value) for value in values if value is not None}
    if kinds & {dict, list}:
        return pl.Series([None if value is None else orjson.dumps(value).decode() for value in values], dtype=pl.String)
    for some, dtype in (({bool}, pl.Boolean), ({int}, pl.Int64), ({int, float}, pl.Float64)):
        if kinds and kinds <= some:
            return pl.Series(values, dtype=dtype, strict=False)
    return pl.Series([None if value is None else str(value) for value in values], dtype=pl.String)
