"""XLSX: the sheet with most cells, as text; dates in ISO form; a bomb is seen in the directory before it is opened."""

import io
import zipfile
from collections.abc import Iterator

import fastexcel
import polars as pl

from khue.contract.batch import ROW
from khue.contract.errors import Refused, TooLarge
from khue.intake.decoders.chunk import MAX_COLUMNS, Chunk, Decoding, tidy_headings
from khue.intake.decoders.stream import Input, whole

LIMIT = 64 << 20
UNPACKED_LIMIT = 1 << 30
RATIO_LIMIT = 400
MAX_PARTS = 10_000


def decode(source: Input) -> Decoding:
    """Read the fullest sheet; the first row with a value is the header. Raises Refused or TooLarge."""
    content = whole(source, LIMIT, "An XLSX file")
    _refuse_bomb(content, source.name)
    try:
        book = fastexcel.read_excel(content)
        sheets: list[fastexcel.ExcelSheet] = [
            book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string") for name in book.sheet_names
        ]
    except fastexcel.FastExcelError as error:
        raise Refused("The workbook cannot be read", where=source.name, why=str(error).splitlines()[0]) from error
    sheet = max(sheets, key=lambda one: one.height * one.width, default=None)
    if sheet is None or not sheet.height:
        raise Refused("The workbook is empty", where=source.name, todo="Send a sheet with a row of headings")
    notes = [f"The workbook has {len(sheets)} sheets; only {sheet.name} was read."] if len(sheets) > 1 else []
    frame = sheet.to_polars().with_row_index("_place").with_columns(pl.col("_place").cast(pl.Int64))
    headings, rows = _headed(frame, source.name)
    return Decoding("xlsx", headings, {"sheet": sheet.name}, _chunks(rows), notes, content)


def _refuse_bomb(content: bytes, name: str) -> None:
    try:
        parts = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise Refused("The file ends too early or is no workbook", where=name, why=str(error)) from error
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > MAX_PARTS or unpacked > UNPACKED_LIMIT or unpacked > RATIO_LIMIT * max(len(content), 1 << 16):
        why = f"{unpacked:,} bytes in {len(parts):,} parts from {len(content):,}"
        raise TooLarge("The workbook unpacks to far more than it holds", where=name, why=why)
    if not any(part.filename.startswith("xl/") for part in parts):
        raise Refused("The zip file is no workbook", where=name, todo="Send XLSX or CSV")


def _headed(frame: pl.DataFrame, name: str) -> tuple[list[str], pl.DataFrame]:
    cells = [column for column in frame.columns if column != "_place"]
    full = frame.filter(pl.any_horizontal(pl.col(cells).is_not_null() & (pl.col(cells).str.strip_chars() != "")))
    if full.is_empty():
        raise Refused("The workbook is empty", where=name, todo="Send a sheet with a row of headings")
    if len(cells) > MAX_COLUMNS:
        raise Refused(f"The sheet has {len(cells):,} columns", where=name, why=f"The limit is {MAX_COLUMNS:,}")
    headings = tidy_headings([cell or "" for cell in full.select(cells).row(0)])
    rows = full.slice(1).rename(dict(zip(cells, headings, strict=True)))
    return headings, rows.with_columns((pl.col("_place") + 1).alias(ROW)).drop("_place")


def _chunks(rows: pl.DataFrame) -> Iterator[Chunk]:
    for frame in rows.iter_slices(20_000):
        yield Chunk(frame)
