"""A workbook gives out records to mend and takes back what changed, and nothing else."""

import io

import openpyxl
import pytest

from khue.contract.errors import Refused
from khue.intake.workbook import HIDDEN, Waiting, read_workbook, write_workbook

HEADINGS = {"at": "Ngày", "rain": "Mưa"}
ROWS = [Waiting(5, n, {"at": f"0{n}/01/2026", "rain": 900 + n}, f"lý do {n}") for n in (1, 2, 3)]
SECRET = b"seal"


def opened(content):
    return openpyxl.load_workbook(io.BytesIO(content))


def saved(book):
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.fixture
def book():
    return opened(write_workbook(ROWS, HEADINGS, SECRET))


def test_headings_are_the_owners_and_the_name_is_hidden(book):
    assert [cell.value for cell in book.active[1]] == ["Lý do", "Ngày", "Mưa", HIDDEN]
    assert book.active.column_dimensions["D"].hidden


def test_nothing_changed_mends_nothing(book):
    back = read_workbook(saved(book), HEADINGS, SECRET)
    assert (back.mended, back.unchanged, back.faults) == ((), 3, ())


def test_only_changed_cells_come_back(book):
    book.active["C3"] = "9,2"
    book.active["C4"] = None
    back = read_workbook(saved(book), HEADINGS, SECRET)
    assert [(one.seq, one.record, one.row, one.values) for one in back.mended] == [
        (5, 2, 3, {"rain": "9,2"}),
        (5, 3, 4, {"rain": None}),
    ]
    assert back.unchanged == 1


def test_tampered_missing_and_copied_rows_are_reported(book):
    sheet = book.active
    sheet["D2"] = sheet["D2"].value.replace("5:1:", "5:9:")
    sheet["D3"] = None
    sheet.append(["", "x", "1", sheet["D4"].value])
    back = read_workbook(saved(book), HEADINGS, SECRET)
    assert len(back.faults) == 3
    assert back.mended == ()


def test_a_workbook_without_its_hidden_column_is_refused(book):
    book.active.delete_cols(4)
    with pytest.raises(Refused):
        read_workbook(saved(book), HEADINGS, SECRET)


def test_formulas_are_text():
    content = write_workbook([Waiting(1, 1, {"at": '=HYPERLINK("http://x")', "rain": "=1+1"}, "r")], HEADINGS, SECRET)
    assert opened(content).active["C2"].data_type == "s"
