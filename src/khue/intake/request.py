"""One request that brings records: what came in at a door, and the records in it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

from khue.contract.batch import GIVEN, ID, RECORD, Mode, Part, Position, Raw
from khue.contract.contract import Contract
from khue.contract.errors import Refused
from khue.contract.source import Source
from khue.intake.columns import source_by_names, unnamed_source
from khue.intake.decoders.json_document import load, rows_of
from khue.intake.decoders.ngsild import entities_frame
from khue.intake.decoders.ngsild_delete import decode_deletions
from khue.intake.decoders.stream import Input
from khue.intake.formats import read
from khue.intake.shape import Shape

RequestFormat = Literal["ngsi-ld", "json", "ndjson", "csv", "html", "xlsx", "ngsi-ld-delete"]


@dataclass(frozen=True, slots=True)
class Request:
    """The body of a request as received, and how it is meant; `entity` is the one whose attributes a PATCH sets."""

    type: str
    content: bytes
    format: RequestFormat
    mode: Mode = "replace"
    source: Source | None = None
    actor: str = "local"
    key: str | None = None  # Idempotency-Key
    entity: str | None = None
    about: Mapping[str, Any] = field(default_factory=dict[str, Any])
    parsed: tuple[Any, ...] | None = None  # the entities, where the door has read them already

    def group(self) -> tuple[str, str, str, str]:
        """Return what requests must agree in to be one batch."""
        return self.type, self.mode, self.format, self.source.name if self.source else ""

    def entities(self) -> list[Any]:
        """Return the NGSI-LD entities of the body; raises Refused where it is no JSON."""
        if self.parsed is not None:
            return list(self.parsed)
        document, _ = load(self.content, "the request")
        if self.entity is not None:
            if not isinstance(document, dict):
                raise Refused("The body must be one object of attributes")
            return [{**document, "id": self.entity}]
        return rows_of(document)

    def frame(self, contract: Contract) -> tuple[pl.DataFrame, Source]:
        """Return the records of a body that is not NGSI-LD, and the source they were read as."""
        if self.format == "ngsi-ld-delete":
            decoding = decode_deletions(self.content, contract)
        else:
            decoding = read(Input(self.content, "the request"), self.format, contract, self.source)
        chunks = [chunk.frame for chunk in decoding.chunks]
        source = self.source or source_by_names(decoding.headings, contract)[0]
        if not chunks:
            return pl.DataFrame(), source
        return Shape(source, contract).records(pl.concat(chunks, how="diagonal_relaxed")), source

    def part(self, start: int, end: int) -> Part:
        """Return the request as the part of a batch that its records are."""
        raw = Raw(self.content, hashlib.sha256(self.content).digest())
        # One key may bring several types.
        position = None if self.key is None else Position(f"{self.type}:{self.key}", chosen=True)
        about = {**self.about, **({"entity": self.entity} if self.entity else {})}
        name = self.source.name if self.source else "http"
        return Part(start, end, name, self.actor, raw, position, "data", about)


def entity_records(entities: list[Any], contract: Contract, mode: Mode) -> pl.DataFrame:
    """Return NGSI-LD entities as records, numbered."""
    frame = entities_frame(entities, contract, patch=mode == "patch")
    shaped = Shape(unnamed_source(contract), contract).records(frame)
    return shaped if mode == "patch" or GIVEN not in shaped.columns else shaped.drop(GIVEN)


def ids_of(request: Request, entities: list[Any]) -> set[str]:
    """Return the ids of a patch; raises Refused where one stands twice, since a patch is merged at once."""
    names = [entity.get("id") for entity in entities if isinstance(entity, dict)]
    found = {name for name in names if isinstance(name, str)}
    if request.mode == "patch" and len(found) < len(names):
        raise Refused("An entity stands twice in one patch, or has no id", todo="Send the patches one after another")
    return found


def numbered(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """Return frames of several requests as one, its records numbered through."""
    frame = frames[0] if len(frames) == 1 else pl.concat(_alike(frames), how="diagonal_relaxed")
    return frame.with_columns(pl.int_range(pl.len(), dtype=pl.Int32).alias(RECORD))


def _alike(frames: list[pl.DataFrame]) -> list[pl.DataFrame]:
    """Give a column that is text in one frame and numbers in another the same type: text."""
    kinds: dict[str, set[pl.DataType]] = {}
    for frame in frames:
        for name, kind in frame.schema.items():
            kinds.setdefault(name, set()).add(kind)
    mixed = [name for name, found in kinds.items() if len(found) > 1 and pl.String in found and name != ID]
    return [
        frame.with_columns(pl.col(name).cast(pl.String) for name in mixed if name in frame.columns) for frame in frames
    ]
