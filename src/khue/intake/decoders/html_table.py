"""HTML tables, as offices export them under the ending .xls: UTF-16 or UTF-8, headings with line breaks."""

from collections.abc import Iterator

import polars as pl
from lxml import etree, html

from khue.contract.batch import ROW
from khue.contract.errors import Refused
from khue.intake.decoders.chunk import MAX_COLUMNS, OVERFLOW, Chunk, Decoding, ragged, tidy_headings
from khue.intake.decoders.encoding import bom_length, find_encoding
from khue.intake.decoders.stream import Input, whole

LIMIT = 64 << 20
Cells = list[str]


def decode(source: Input) -> Decoding:
    """Read every table with the headings of the largest one; raises Refused where there is no table.

    Entities are not expanded and nothing is fetched. A file that ends too early gives the rows that are there.
    """
    content = whole(source, LIMIT, "An HTML file")
    encoding = find_encoding(content[: 1 << 18])
    text = content[bom_length(content) :].decode(encoding, errors="replace")
    notes = [f"The file is HTML, not {_ending(source.name)}; it was read all the same."]
    if "\ufffd" in text:
        notes.append(f"Some bytes are not {encoding}; they are shown as \ufffd.")
    if "</table" not in text.lower():
        notes.append("The file ends too early: its last table is not closed. The rows that are there were taken.")
    headings, rows = _largest(_tables(text, source), source)
    return Decoding("html", headings, {"encoding": encoding}, _chunks(headings, rows), notes, content)


def _ending(name: str) -> str:
    return f".{name.rsplit('.', maxsplit=1)[-1]}" if "." in name else "what its name says"


def _tables(text: str, source: Input) -> list[list[Cells]]:
    parser = html.HTMLParser(no_network=True, huge_tree=False, remove_comments=True, remove_pis=True, encoding="utf-8")
    try:
        root = html.document_fromstring(text.replace("\x00", "␀").encode("utf-8", errors="replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise Refused("The HTML cannot be read", where=source.name, why=str(error)) from error
    return [[_cells(row) for row in table.iter("tr")] for table in root.iter("table")]


def _cells(row: html.HtmlElement) -> Cells:
    return [" ".join("".join(cell.itertext()).split()) for cell in row if cell.tag in ("td", "th")]


def _largest(tables: list[list[Cells]], source: Input) -> tuple[list[str], list[tuple[int, Cells]]]:
    """Return headings and numbered rows of the largest table, followed by those of tables with equal headings."""
    full = [table for table in tables if any(any(row) for row in table)]
    if not full:
        raise Refused("There is no table in the HTML file", where=source.name, todo="Export the table again")
    top = max(full, key=lambda table: (len(table), max(len(row) for row in table)))
    header = next(row for row in top if any(row))
    if len(header) > MAX_COLUMNS:
        raise Refused(f"The table has {len(header):,} columns", where=source.name, why=f"The limit is {MAX_COLUMNS:,}")
    rows: list[tuple[int, Cells]] = []
    place = 0
    for table in full:
        same = next((row for row in table if any(row)), None) == header
        for row in table:
            place += 1
            if same and any(row) and row != header:
                rows.append((place, row))
    return tidy_headings(header), rows


def _chunks(headings: list[str], rows: list[tuple[int, Cells]]) -> Iterator[Chunk]:
    if not rows:
        return
    fitted = [(place, *ragged(cells, len(headings))) for place, cells in rows]
    columns: dict[str, pl.Series] = {
        name: pl.Series(name, [cells[i] for _, cells, _ in fitted], dtype=pl.String) for i, name in enumerate(headings)
    }
    frame = pl.DataFrame(columns).with_columns(pl.Series(ROW, [place for place, _, _ in fitted], dtype=pl.Int64))
    beyond = [more for _, _, more in fitted]
    if any(beyond):
        frame = frame.with_columns(pl.Series(OVERFLOW, beyond, dtype=pl.String))
    yield Chunk(frame)
