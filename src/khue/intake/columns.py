"""Which column is which property: by the source's mapping, else by name, term or label."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from khue.contract.contract import Contract
from khue.contract.label import Label
from khue.contract.property import Property
from khue.contract.source import Long, Source, Wide

NUMERIC = frozenset({"number", "integer"})


def folded(text: str) -> str:
    """Return text for comparing headings: no diacritics, case, punctuation or spaces (đ is replaced: NFD keeps it)."""
    plain = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(letter for letter in plain if letter.isalnum())


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of one table: `taken` heading → property; `cells` those of a wide table; `extra` the unknown."""

    taken: Mapping[str, str]
    cells: tuple[str, ...]
    extra: tuple[str, ...]
    units: Mapping[str, str]  # property → heading of the row's unit

    def headings(self) -> dict[str, str]:
        """Return property → heading."""
        return {name: heading for heading, name in self.taken.items()}


def match_columns(headings: Sequence[str], source: Source) -> Columns:
    """Give each heading its place; headings are compared exactly first, then without diacritics and case."""
    find = _Finder(headings)
    taken = {found: name for heading, name in source.columns.items() if (found := find(heading)) is not None}
    ignored = {found for heading in source.ignore if (found := find(heading)) is not None}
    units = {name: found for name, heading in source.unit_columns.items() if (found := find(heading)) is not None}
    ignored |= set(units.values()) | set(_of_long(source.shape, find))
    left = tuple(heading for heading in headings if heading not in taken and heading not in ignored)
    if isinstance(source.shape, Wide):
        return Columns(taken, left, (), units)
    return Columns(taken, (), left, units)


def _of_long(shape: Wide | Long | None, find: "_Finder") -> Iterable[str]:
    if not isinstance(shape, Long):
        return ()
    names = (shape.parameter, shape.value, shape.unit or "")
    return [found for name in names if (found := find(name)) is not None]


class _Finder:
    """Finds the heading that a name means."""

    def __init__(self, headings: Sequence[str]) -> None:
        self._exact = {_spaced(heading): heading for heading in reversed(headings)}
        self._folded = {folded(heading): heading for heading in reversed(headings)}
        self._words = {heading: _words(heading) for heading in headings}

    def __call__(self, name: str) -> str | None:
        return self._exact.get(_spaced(name)) or (self._folded.get(folded(name)) if folded(name) else None)

    def kin(self, name: str, but: Collection[str] = ()) -> str | None:
        """Return the heading whose words are all in `name`, or have all of its words ("Trạm", "Trạm đo (mới)").

        What stands in brackets is a unit. Of several the nearest; None where two are as near.
        """
        mine = _words(name)
        found = [
            (len(words ^ mine), heading)
            for heading, words in self._words.items()
            if heading not in but and _akin(words, mine)
        ]
        nearest = [heading for distance, heading in found if distance == min(found)[0]]
        return nearest[0] if len(nearest) == 1 else None


def _words(text: str) -> frozenset[str]:
    without_unit = re.sub(r"\([^)]*\)", " ", text)
    return frozenset(folded(word) for word in re.split(r"[\W_]+", without_unit) if folded(word))


def _akin(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one and other) and (one <= other or other <= one)


def _spaced(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))


def find_heading(headings: Sequence[str], name: str) -> str | None:
    """Return the heading that `name` means, or None."""
    return _Finder(headings)(name)


def numeric_headings(source: Source, contract: Contract) -> frozenset[str]:
    """Return the headings and names under which a JSON number is a number, and not text."""
    numeric = {prop.name for prop in contract.properties if prop.logical_type in NUMERIC}
    names = {term for term, prop in contract.by_term.items() if prop.name in numeric}
    return frozenset(numeric | names | {heading for heading, name in source.columns.items() if name in numeric})


def choose_source(
    headings: Sequence[str], format_name: str, contract: Contract, sources: Iterable[Source]
) -> tuple[Source, list[str]]:
    """Return the declared source of the type whose columns the headings match best, else one made by names.

    A source matches if all headings that its shape needs are there and at least half of its columns.
    """
    # What somebody brings by hand is never taken for what a simulator sends: nobody promised it in time.
    real = [source for source in sources if not source.simulated]
    fitting = [(score, source) for source in real if (score := _score(headings, source, contract)) > 0]
    if fitting:
        best = max(fitting, key=lambda pair: (pair[0], pair[1].format == format_name))[1]
        return best, [f"Read as the source {best.name} ({best.label.en})."]
    return source_by_names(headings, contract)


def _score(headings: Sequence[str], source: Source, contract: Contract) -> float:
    if source.type != contract.type or not source.columns:
        return 0
    find = _Finder(headings)
    if isinstance(source.shape, Long) and len(list(_of_long(source.shape, find))) < 2:
        return 0
    if isinstance(source.shape, Wide) and _is_long(source, source.shape, find, contract):
        return 0
    found = sum(find(heading) is not None for heading in source.columns) / len(source.columns)
    ignored = sum(find(heading) is not None for heading in source.ignore) / 100
    return found + ignored if found >= 0.5 else 0


def _is_long(source: Source, shape: Wide, find: _Finder, contract: Contract) -> bool:
    """Whether a table has columns for what a wide one makes of its headings and cells: it is not wide then."""
    made = [contract.by_name[name] for name in (shape.heading_to, shape.cell_to) if name in contract.by_name]
    names = [name for prop in made for name in names_of(prop)]
    kept = [found for heading in source.columns if (found := find(heading)) is not None]
    return any(find(name) is not None or find.kin(name, kept) is not None for name in names)


def names_of(prop: Property) -> tuple[str, ...]:
    """Return what a property may be called in a heading."""
    return tuple(name for name in (prop.name, prop.term, prop.label.vi, prop.label.en) if name)


def source_by_names(headings: Sequence[str], contract: Contract) -> tuple[Source, list[str]]:
    """Return a source that maps headings to properties by name, term or label, and what was matched."""
    find = _Finder(headings)
    columns: dict[str, str] = {}
    # Exact names first, so that no likeness takes a heading away from the property that it names.
    looks: tuple[Callable[[str], str | None], ...] = (find, partial(find.kin, but=columns))
    for look in looks:
        for prop in contract.properties:
            if prop.name not in columns.values():
                found = next((heading for name in names_of(prop) if (heading := look(name)) is not None), None)
                if found is not None and found not in columns:
                    columns[found] = prop.name
    notes = [f"Column {heading} is read as {name}." for heading, name in columns.items() if heading != name]
    left = [heading for heading in headings if heading not in columns]
    if left and not contract.is_draft:
        notes.append(f"Columns that the contract does not know are kept beside: {', '.join(left[:20])}.")
    return replace(unnamed_source(contract), columns=columns), notes


def unnamed_source(contract: Contract) -> Source:
    """Return the source of records that somebody brings by hand, without a declaration."""
    label = Label("tệp nạp tay", "brought by hand")
    return Source("by-hand", contract.type, label, agency="", format="", columns={})
