"""Deletions of NGSI-LD entities: `[{"id": …, "deletedAt": …}]`, as the door writes them down."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import orjson
import polars as pl

from khue.contract.batch import DELETED, ID, ROW
from khue.contract.contract import Contract
from khue.contract.errors import Refused
from khue.intake.columns import unnamed_source
from khue.intake.decoders.chunk import Chunk, Decoding
from khue.intake.decoders.json_document import load


def deletions(moments: Mapping[str, datetime]) -> bytes:
    """Return the bytes that stand in the record for deletions: the ids, and since when each is gone."""
    return orjson.dumps([{"id": name, "deletedAt": moment} for name, moment in moments.items()])


def decode_deletions(content: bytes, contract: Contract) -> Decoding:
    """Return a record that deletes for each of the bytes' ids; raises Refused for anything else."""
    document, notes = load(content, "the request")
    if not isinstance(document, list):
        raise Refused("Deletions are a list of ids")
    members = cast("Sequence[Mapping[str, Any]]", document)
    frame = pl.DataFrame(
        {
            ROW: pl.Series(range(len(members)), dtype=pl.Int64),
            ID: pl.Series([str(one["id"]) for one in members], dtype=pl.String),
            DELETED: pl.Series([True] * len(members), dtype=pl.Boolean),
        }
    )
    name = contract.observed_at
    if name is not None:
        is_date = contract.by_name[name].logical_type == "date"
        texts = [_text(str(one["deletedAt"]), is_date=is_date, contract=contract) for one in members]
        frame = frame.with_columns(pl.Series(name, texts, dtype=pl.String))
    return Decoding("ngsi-ld-delete", [], {}, iter([Chunk(frame)]), notes, content)


def _text(moment: str, *, is_date: bool, contract: Contract) -> str:
    """Return the moment as the type writes its observed time: a day is that of the zone in which it begins."""
    if not is_date:
        return moment
    return datetime.fromisoformat(moment).astimezone(ZoneInfo(unnamed_source(contract).zone)).date().isoformat()
