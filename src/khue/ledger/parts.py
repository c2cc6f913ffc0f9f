"""A batch cut: into one part alone, or at the records where a patch meets an entity for the second time."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from khue.contract.batch import Part
from khue.contract.cleaned import Cleaned

RECORD = pl.col("_record")


def only(cleaned: Cleaned, places: Sequence[int]) -> Cleaned:
    """Return `cleaned` with the named parts alone, renumbered to follow each other."""
    parts = cleaned.batch.parts
    if len(places) == len(parts):
        return cleaned
    kept: list[Part] = []
    frames: list[tuple[pl.DataFrame, ...]] = []
    for place in places:
        part = parts[place]
        start = kept[-1].end if kept else 0
        shift = start - part.start
        frames.append(tuple(_moved(frame, part, shift) for frame in _frames(cleaned)))
        kept.append(replace(part, start=start, end=part.end + shift))
    rows, quarantined, decoded = (pl.concat(found) for found in zip(*frames, strict=True))
    batch = replace(cleaned.batch, frame=decoded, parts=tuple(kept))
    return replace(cleaned, batch=batch, rows=rows, quarantined=quarantined)


def _frames(cleaned: Cleaned) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    return cleaned.rows, cleaned.quarantined, cleaned.batch.frame


def _moved(frame: pl.DataFrame, part: Part, shift: int) -> pl.DataFrame:
    if "_record" not in frame.columns:
        return frame
    kept = frame.filter((part.start <= RECORD) & (part.end > RECORD))
    return kept.with_columns((RECORD + shift).cast(frame.schema["_record"]))


def segments(ids: pl.Series) -> list[tuple[int, int]]:
    """Return row ranges in which no id comes twice: what a patch may merge at once."""
    ranges: list[tuple[int, int]] = []
    start, seen = 0, set[str]()
    for row, name in enumerate(ids.to_list()):
        if name in seen:
            ranges.append((start, row))
            start, seen = row, set()
        seen.add(name)
    ranges.append((start, len(ids)))
    return ranges
