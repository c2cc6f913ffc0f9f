"""*Tải về để sửa*: quarantined records as a workbook for their owner, and what came back mended.

A hidden column holds the record's name (`commit:record`) and a seal over it, so that a row that was copied, typed in
or changed is told from one that was given out.
"""

import hashlib
import hmac
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import xlsxwriter

from khue.contract.batch import ROW
from khue.contract.errors import Refused
from khue.intake.decoders import xlsx
from khue.intake.decoders.stream import Input

REASON = "Lý do"
HIDDEN = "Mã bản ghi (không sửa)"
AS_IT_IS = "Mend the workbook as it was downloaded"
MAX_CELL = 32_767  # of Excel


@dataclass(frozen=True, slots=True)
class Waiting:
    """One quarantined record: its values as received by property, and why it waits."""

    seq: int
    record: int
    values: Mapping[str, Any]
    reason: str


@dataclass(frozen=True, slots=True)
class Mended:
    """One record as it came back: `values` holds the properties that were changed, and nothing else."""

    seq: int
    record: int
    row: int
    values: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Returned:
    """What a workbook brought back. `faults` are sentences on rows that name no record that was given out."""

    mended: tuple[Mended, ...]
    unchanged: int
    faults: tuple[str, ...] = ()
    unknown: tuple[str, ...] = field(default=())  # headings that belong to no property


def write_workbook(rows: Sequence[Waiting], headings: Mapping[str, str], secret: bytes) -> bytes:
    """Return an XLSX with a row for each record: reason first, then the properties under their owner's headings.

    `headings` is property → heading, in order; `secret` seals the hidden names.
    """
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet("Chờ làm sạch")
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    text = book.add_format({"num_format": "@", "valign": "top"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top", "italic": True})
    names = list(headings)
    for column, title in enumerate([REASON, *headings.values(), HIDDEN]):
        sheet.write_string(0, column, title, bold)
    for line, row in enumerate(rows, start=1):
        sheet.write_string(line, 0, row.reason[:MAX_CELL], wrapped)
        shown = [_shown(row.values.get(name)) for name in names]
        for column, value in enumerate(shown, start=1):
            sheet.write_string(line, column, value, text)
        sheet.write_string(line, len(names) + 1, _name(row.seq, row.record, shown, secret), text)
    sheet.set_column(0, 0, 60)
    sheet.set_column(1, len(names), 22, text)
    sheet.set_column(len(names) + 1, len(names) + 1, None, None, {"hidden": True})
    sheet.freeze_panes(1, 1)
    book.close()
    return out.getvalue()


def read_workbook(content: bytes, headings: Mapping[str, str], secret: bytes, name: str = "workbook") -> Returned:
    """Return the records that were changed; raises Refused where the hidden column is gone."""
    decoding = xlsx.decode(Input(content, name))
    if HIDDEN not in decoding.headings:
        raise Refused(
            "The hidden column is missing", where=name, todo="Mend the workbook that was downloaded, as it is"
        )
    known = {heading: prop for prop, heading in headings.items()}
    missing = [heading for heading in known if heading not in decoding.headings]
    if missing:
        raise Refused(
            f"Columns are missing: {', '.join(missing)}", where=name, todo="Mend the workbook as it was downloaded"
        )
    back = _Back(known, list(known), secret)
    for chunk in decoding.chunks:
        for row in chunk.frame.iter_rows(named=True):
            back.add(row)
    unknown = tuple(one for one in decoding.headings if one not in known and one not in (REASON, HIDDEN))
    return Returned(tuple(back.mended), back.unchanged, tuple(back.faults), unknown)


@dataclass
class _Back:
    """Gathers the rows of a workbook that came back."""

    known: Mapping[str, str]
    titles: Sequence[str]
    secret: bytes
    mended: list[Mended] = field(default_factory=list[Mended])
    faults: list[str] = field(default_factory=list[str])
    unchanged: int = 0
    seen: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])

    def add(self, row: Mapping[str, Any]) -> None:
        """Take one row: changed, unchanged or at fault."""
        place = int(row[ROW])
        found = _read_name(str(row[HIDDEN] or ""), self.secret)
        if found is None:
            self.faults.append(f"Dòng {place}: mã ẩn bị thiếu hoặc bị sửa, không rõ là bản ghi nào; tải lại tệp để sửa")
            return
        seq, record, digests = found
        if (seq, record) in self.seen:
            self.faults.append(f"Dòng {place}: bản ghi {seq}:{record} có hai dòng; chỉ dòng đầu được nhận")
            return
        self.seen.add((seq, record))
        cells = {title: _shown(row[title]) for title in self.titles}
        changed = {
            self.known[title]: cell or None
            for (title, cell), before in zip(cells.items(), digests, strict=False)
            if _digest(cell) != before
        }
        if changed:
            self.mended.append(Mended(seq, record, place, changed))
        else:
            self.unchanged += 1


def _shown(value: Any) -> str:  # noqa: ANN401  whatever JSON holds
    return "" if value is None else str(value)[:MAX_CELL].strip()


def _digest(cell: str) -> str:
    return hashlib.sha256(cell.encode(errors="replace")).hexdigest()[:8]


def _name(seq: int, record: int, cells: Sequence[str], secret: bytes) -> str:
    """Return the record's name, a digest of each cell as given out, and the seal over both."""
    body = f"{seq}:{record}:{'.'.join(_digest(cell) for cell in cells)}"
    return f"{body}:{_seal(body, secret)}"


def _seal(body: str, secret: bytes) -> str:
    return hmac.new(secret, body.encode(), hashlib.sha256).hexdigest()[:20]


def _read_name(text: str, secret: bytes) -> tuple[int, int, list[str]] | None:
    body, _, seal = text.rpartition(":")
    parts = body.split(":")
    if len(parts) != 3 or not hmac.compare_digest(_seal(body, secret).encode(), seal.encode(errors="replace")):
        return None
    return int(parts[0]), int(parts[1]), parts[2].split(".")
