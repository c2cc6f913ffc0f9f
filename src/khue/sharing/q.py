"""The query language of NGSI-LD (ETSI GS CIM 009, 4.9) → a filter tree.

`temperature>20;(name=="Láng"|name~="Hà.*")`: `;` is and, `|` is or, and binds closer; `a==1,2` is one of,
`a==1..5` is between; an attribute alone asks whether it is there.
"""

import re
from dataclasses import dataclass

from khue.contract.contract import Contract
from khue.contract.errors import Refused
from khue.contract.query import All, Any_, Comparison, Filter, Not, Operator

LONGEST = 8_000
DEEPEST = 20

_NAME = re.compile(r"[^\W\d][\w\-]*(?:[.:][^\W\d][\w\-]*)*(?:\[[\w.\-]+\])?")
_OPERATOR = re.compile(r"!~=|~=|==|!=|>=|<=|>|<")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_PLAIN = re.compile(r'[^;|()",<>=!~]+?(?=\.\.|[;|()",<>=!~]|$)')
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ORDER: dict[str, Operator] = {"==": "=", "!=": "!=", ">": ">", "<": "<", ">=": ">=", "<=": "<="}

# What NGSI-LD knows of every entity, beside the attributes of its contract.
SYSTEM = {
    "id": "_id",
    "observedAt": "_observed_at",
    "modifiedAt": "_recorded_at",
    "location": "_x",
    "quality": "_quality",
}


def parse(text: str, contract: Contract) -> Filter:
    """Return the filter that `text` means for a type, or refuse and name the character at fault (from 1)."""
    if len(text) > LONGEST:
        raise Refused(f"The query has {len(text)} characters", where="q", why=f"at most {LONGEST} are read")
    parser = _Parser(text, contract)
    found = parser.either(0)
    if parser.place < len(text):
        raise parser.refused("Something is left over", "join terms by ; or |, and close each parenthesis")
    return found


def property_of(name: str, contract: Contract) -> str:
    """Return the property or system column that an attribute's name (its NGSI-LD term) means."""
    first, *rest = re.split(r"[.\[]", name.rstrip("]"), maxsplit=1)
    known = contract.by_term.get(first) or contract.by_name.get(first)
    if known is None and first not in SYSTEM:
        terms = ", ".join([*contract.by_term, *SYSTEM])
        raise Refused(
            f"{contract.entity_type} has no attribute {first!r}", where="q", why=f"its attributes are: {terms}"
        )
    if rest and rest[0] in ("observedAt", "modifiedAt"):
        return SYSTEM[rest[0]]
    if rest and rest[0] != "value":
        raise Refused(
            f"The part {rest[0]!r} of {first} cannot be asked", where="q", todo="ask observedAt or modifiedAt"
        )
    return known.name if known else SYSTEM[first]


def like(pattern: str) -> str:
    """Return a LIKE pattern for a plain regular expression: `^`, `$`, `.`, `.*` and escaped characters."""
    start, end = pattern.startswith("^"), pattern.endswith("$") and not pattern.endswith("\\$")
    body = pattern[start : len(pattern) - end]
    parts: list[str] = []
    for sign in re.findall(r"\\.|\.\*|.", body, re.DOTALL):
        if sign in (".*", "."):
            parts.append("%" if sign == ".*" else "_")
        elif len(sign) == 1 and sign in "\\*+?[](){}|^$":
            raise Refused(f"The pattern {pattern!r} is more than is read here", where="q", todo="use only ^ $ . and .*")
        else:
            parts.append(re.sub(r"([%_\\])", r"\\\1", sign[-1]))
    head = "" if start or parts[:1] == ["%"] else "%"
    return head + "".join(parts) + ("" if end or parts[-1:] == ["%"] else "%")


@dataclass
class _Parser:
    """Reads from the left; `place` is the character that comes next."""

    text: str
    contract: Contract
    place: int = 0

    def either(self, depth: int) -> Filter:
        parts = [self.both(depth)]
        while self.took("|"):
            parts.append(self.both(depth))
        return parts[0] if len(parts) == 1 else Any_(tuple(parts))

    def both(self, depth: int) -> Filter:
        parts = [self.term(depth)]
        while self.took(";"):
            parts.append(self.term(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def term(self, depth: int) -> Filter:
        if depth > DEEPEST:
            raise self.refused("The query is nested too deeply", f"use at most {DEEPEST} levels")
        if not self.took("("):
            return self.comparison()
        inside = self.either(depth + 1)
        if not self.took(")"):
            raise self.refused("A parenthesis is not closed", "close it with )")
        return inside

    def comparison(self) -> Filter:
        name = self.match(_NAME)
        if name is None:
            raise self.refused("An attribute's name is missing", 'write for example temperature>20 or name=="Láng"')
        prop = property_of(name, self.contract)
        operator = self.match(_OPERATOR)
        if operator is None:
            return Comparison(prop, "is not null")
        if operator in ("~=", "!~="):
            found = Comparison(prop, "like", like(self.value()))
            return found if operator == "~=" else Not(found)
        return self.compared(prop, operator)

    def compared(self, prop: str, operator: str) -> Filter:
        first = self.value()
        if operator not in ("==", "!="):
            return Comparison(prop, _ORDER[operator], first)
        found: Filter | None = None
        if self.took(".."):
            found = Comparison(prop, "between", (first, self.value()))
        elif self.took(","):
            values = [first, self.value()]
            while self.took(","):
                values.append(self.value())
            found = Comparison(prop, "in", tuple(values))
        if found is None:
            return Comparison(prop, _ORDER[operator], first)
        return found if operator == "==" else All((Comparison(prop, "is not null"), Not(found)))

    def value(self) -> str:
        quoted = self.match(_QUOTED)
        if quoted is not None:
            return _ESCAPED.sub(r"\1", quoted[1:-1])
        plain = self.match(_PLAIN)
        if plain is None or not plain.strip():
            raise self.refused("A value is missing", 'write a number, true, false, a time or "text in quotes"')
        return plain.strip()

    def took(self, sign: str) -> bool:
        found = self.text.startswith(sign, self.place)
        self.place += len(sign) * found
        return found

    def match(self, pattern: re.Pattern[str]) -> str | None:
        found = pattern.match(self.text, self.place)
        if found is None:
            return None
        self.place = found.end()
        return found.group()

    def refused(self, what: str, todo: str) -> Refused:
        rest = self.text[self.place : self.place + 20]
        where = f"q, character {self.place + 1}"
        return Refused(what, where=where, why=f"there stands {rest!r}" if rest else "the query ends there", todo=todo)
