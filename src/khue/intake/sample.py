"""The first rows of a file as text columns, for whoever proposes a contract from it."""

from pathlib import Path

import polars as pl

from khue.contract.contract import draft_contract
from khue.contract.errors import Refused
from khue.intake.decoders.stream import Input
from khue.intake.detect import find_format
from khue.intake.formats import read
from khue.intake.shape import is_own

ROWS = 10_000


def sample_of(file: Path, rows: int = ROWS) -> pl.DataFrame:
    """Return up to `rows` rows of a file: one String column a heading, as the owner wrote it."""
    given = Input(file, file.name)
    decoding = read(given, find_format(given), draft_contract("sample"), None)
    frames: list[pl.DataFrame] = []
    for chunk in decoding.chunks:
        frames.append(chunk.frame.select([name for name in chunk.frame.columns if not is_own(name)]))
        if sum(frame.height for frame in frames) >= rows:
            break
    if not frames:
        raise Refused("The file holds no rows", where=str(file), todo="give a file with a heading and rows")
    return pl.concat(frames, how="diagonal_relaxed").head(rows).cast(pl.String)
