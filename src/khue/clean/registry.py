"""The normalisers by name: what a contract may order under `khue.normalise`, and what reads each logical type."""

from collections.abc import Mapping

from khue.clean.normalisers.boolean import BOOLEAN
from khue.clean.normalisers.coordinate import COORDINATE
from khue.clean.normalisers.date import DATE
from khue.clean.normalisers.entry import Entry
from khue.clean.normalisers.fold import FOLD
from khue.clean.normalisers.integer import INTEGER
from khue.clean.normalisers.json import ARRAY, OBJECT
from khue.clean.normalisers.missing import MISSING
from khue.clean.normalisers.number import NUMBER
from khue.clean.normalisers.string import STRING
from khue.clean.normalisers.synonyms import ENUMERATION
from khue.clean.normalisers.text import NFC, TEXT, WHITESPACE
from khue.clean.normalisers.timestamp import TIMESTAMP
from khue.contract.errors import ContractError

_ENTRIES = (
    TEXT,
    WHITESPACE,
    NFC,
    MISSING,
    FOLD,
    ENUMERATION,
    STRING,
    NUMBER,
    INTEGER,
    BOOLEAN,
    DATE,
    TIMESTAMP,
    COORDINATE,
    OBJECT,
    ARRAY,
)
_BY_NAME: Mapping[str, Entry] = {entry.name: entry for entry in _ENTRIES}


def names() -> tuple[str, ...]:
    """Return the names of all normalisers, in the order of the documentation."""
    return tuple(_BY_NAME)


def entry(name: str) -> Entry:
    """Return one normaliser; raises ContractError where the name is unknown."""
    if name not in _BY_NAME:
        raise ContractError(f"There is no normaliser {name!r}", todo=f"Use one of {', '.join(_BY_NAME)}")
    return _BY_NAME[name]
