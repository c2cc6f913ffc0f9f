"""Write docs/normalisers.md from the normalisers' own words and tables: `python tools/normaliser_docs.py`."""

from pathlib import Path

from khue.clean import registry
from khue.clean.normalisers.entry import Case, Entry

PAGE = Path(__file__).resolve().parent.parent / "docs" / "normalisers.md"
HEAD = """# Normalisers

A normaliser makes one written form of a value out of the many that people write. A contract orders them under
`khue.normalise`, by name, with options; what reads the property's logical type (`number`, `date`, …) always comes last
and need not be named. Every text first goes through `text`.

Nothing that a person reads is changed beyond white space and the composed form (NFC). A value that cannot be read
becomes empty, and the property's type check says so; it is never guessed. Empty stays empty.

Options of the source (its decode profile) hold where the contract says nothing: `zone` (Asia/Ho_Chi_Minh by default),
`date_order` (dmy, mdy or ymd; dmy by default), `decimal` (a comma, a point or auto; auto by default).
A value that JSON or a workbook brings with a type is read as it is and never passes through text.

The tables are the normalisers' test data. `python tools/normaliser_docs.py` writes this page; a test compares it.
"""


def page() -> str:
    """Return the whole page."""
    return "\n".join([HEAD, *(_section(registry.entry(name)) for name in registry.names())])


def _section(entry: Entry) -> str:
    said = (entry.expression.__doc__ or "").strip().split("\n\n")
    words = "\n\n".join(" ".join(line.strip() for line in paragraph.splitlines()) for paragraph in said)
    rows = "\n".join(_row(case) for case in entry.cases)
    table = f"| written | options | becomes |\n|---|---|---|\n{rows}"
    return f"## {entry.name}\n\n{words}\n\nSource: {entry.source}.\n\n{table}\n"


def _row(case: Case) -> str:
    options = "; ".join(f"{name}: {value}" for name, value in case.options.items())
    result = "empty" if case.result is None else _shown(str(case.result))
    return f"| {_shown(case.written)} | {_shown(options) if options else ''} | {result} |"


def _shown(text: str) -> str:
    """Return text as code, with what cannot be seen as its code point."""
    plain = "".join(sign if _can_be_seen(sign) else f"\\u{ord(sign):04x}" for sign in text)
    return f"`{plain.replace('|', chr(92) + '|')}`"


def _can_be_seen(sign: str) -> bool:
    return sign.isprintable() and not 0x300 <= ord(sign) < 0x370


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
