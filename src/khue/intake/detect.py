"""The format of a file from its content; the ending of its name only decides what content cannot."""

from khue.contract.errors import Refused
from khue.intake.decoders.encoding import bom_length, find_encoding
from khue.intake.decoders.stream import Input

FORMATS = ("html", "csv", "xlsx", "json", "ndjson", "ngsi-ld")
SAMPLE = 4096
LEAST = 1000  # letters: fewer prove nothing
MOST_ODD = 0.1
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
UNREADABLE = {
    b"%PDF": "PDF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"PAR1": "Parquet",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7z",
}


def find_format(source: Input) -> str:
    """Return html, csv, xlsx, json or ndjson; raises Refused for what is none of them."""
    head = source.head(1 << 16)
    if not head.strip():
        raise Refused("The file is empty", where=source.name, todo="Send a file with a row of headings")
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    _refuse_binary(head, source.name)
    whole = head[bom_length(head) :].decode(find_encoding(head), errors="replace")
    _refuse_unprintable(whole, source.name)
    text = whole.lstrip("\x00 \t\r\n\ufeff")
    if _is_html(text):
        return "html"
    if text[:1] in ("{", "["):
        return _json(text)
    return "csv"


def _refuse_binary(head: bytes, name: str) -> None:
    kind = next((kind for mark, kind in UNREADABLE.items() if head.startswith(mark)), None)
    if head.startswith(OLD_EXCEL):
        kind = "the old binary Excel format"
    if kind is not None:
        raise Refused(f"The file is {kind}", where=name, todo="Save it as XLSX or CSV and send it again")


def _refuse_unprintable(text: str, name: str) -> None:
    """Refuse what is no text in any encoding: a few odd bytes are dirt, a tenth of the letters is another format."""
    sample = text[:SAMPLE]
    odd = sum(1 for letter in sample if letter == "\ufffd" or (letter < " " and letter not in "\t\r\n"))
    if len(sample) >= LEAST and odd > len(sample) * MOST_ODD:
        raise Refused("The file is no text", where=name, todo="Send CSV, XLSX, JSON, NDJSON or the HTML of an export")


def _is_html(text: str) -> bool:
    start = text[:4096].lower()
    return start.startswith("<") and any(tag in text.lower() for tag in ("<table", "<html", "<tr", "<td"))


def _json(text: str) -> str:
    """Tell one document from a record a line: the first line of NDJSON is a whole object."""
    first, _, rest = text.partition("\n")
    whole_line = first.rstrip().endswith("}") and first.startswith("{")
    return "ndjson" if whole_line and rest.lstrip()[:1] == "{" else "json"
