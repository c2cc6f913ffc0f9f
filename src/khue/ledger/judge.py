"""Judging: the checks that look at other rows, as SQL over the staging and the ledger, under the lock.

Each check gives two conditions over a row of `judge.sql`: where it applies, and where it fails. A record is judged
against the records before it alone, so that a batch may be cut anywhere. A rejected record came never: after each
rejection the others are judged again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from khue.contract.check import DIMENSIONS, Check
from khue.ledger.fold import stands
from khue.ledger.merge_sql import Place, Statements
from khue.ledger.statements import fill, literal, quoted

GAP_TOLERANCE = 1.5  # a report may be half a period late before a period is missing

LIVE = ("_order", "_part", "_id", "_observed_at", "_deleted", "_digest", "state_at")

# The moment that a record must be after to advance its entity: of a measure the greatest before it, else the last one.
MEASURED = """greatest(coalesce(state_at, '-infinity'), coalesce(max(_observed_at) over (
    partition by _id order by _order rows between unbounded preceding and 1 preceding), '-infinity'))"""
RECEIVED = """case when lag(_order) over (partition by _id order by _order) is null then state_at
    else lag(_observed_at) over (partition by _id order by _order) end"""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One check as SQL: `applies` and `fails` are conditions, `columns` and `joins` what they need."""

    check: Check
    applies: str
    fails: str
    columns: tuple[str, ...] = ()
    joins: str = ""
    live: tuple[str, ...] = ()
    together: tuple[str, ...] = ()  # rows with equal values of these columns depend on each other


@dataclass(frozen=True, slots=True)
class Setting:
    """What a batch says that judging needs."""

    place: Place
    promised: float | None
    twins: bool
    within: str
    again: bool = False  # fix, release, replay: they speak of records that the ledger has, so that nothing is repeated
    waived: frozenset[str] = frozenset()


class Judge:
    """The judged checks of one contract version as statements."""

    def __init__(self, sql: Statements, setting: Setting) -> None:
        self._sql, self._setting = sql, setting
        found = (
            _of(check, number, sql, setting)
            for number, check in enumerate(sql.contract.judgements)
            if check.name not in setting.waived
        )
        self.judgements = tuple(judgement for judgement in found if judgement)

    def __bool__(self) -> bool:
        return bool(self.judgements)

    @property
    def rejecting(self) -> int:
        """Return the bits of the checks that reject."""
        return sum(bit for bit, one in self._bits() if one.check.on_fail == "reject")

    def judge(self) -> str:
        """Return the statement that sets, for each live row, which checks applied and which failed.

        Where no check rejects, nothing is judged again, and the same pass settles what follows.
        """
        columns = {name for one in self.judgements for name in one.columns}
        names = sorted({one.check.field for one in self.judgements if one.check.field} | _unique_names(self.judgements))
        own = [quoted(name) for name in names]
        measure = self._sql.contract.kind == "measure"
        before = [f"before_{n}" for n in range(len(own))]
        live = ", ".join((*LIVE, *own, *before, *_labels(c for one in self.judgements for c in one.live)))
        return fill(
            "judge",
            live=live,
            timed=", ".join((live, *_labels(sorted(columns)))),
            own="".join(f", b.{name}" for name in own),
            before="".join(f", s.{name} as {label}" for name, label in zip(own, before, strict=True)),
            columns="".join(f", {column}" for column in sorted(columns)),
            live_columns="".join(f", {column}" for one in self.judgements for column in one.live),
            joins="\n".join(one.joins for one in self.judgements),
            previous="".join(_previous(n, name) for n, name in enumerate(own)),
            judged=_sum((bit, one.applies) for bit, one in self._bits()),
            failed=_sum((bit, f"{one.applies} and {one.fails}") for bit, one in self._bits()),
            state_columns="".join(f", s.{name}" for name in own),
            latest=MEASURED if measure else RECEIVED,
            line="_id, advances" if measure else "_id",
            settled="" if self.rejecting else ", " + self._settled("d.judged", "d.failed"),
            within=self._setting.within,
            **self._sql.places,
        )

    def reject(self) -> str:
        """Return the statement that rejects the failed rows before which none failed that they depend on."""
        keys = {key for one in self.judgements if one.check.on_fail == "reject" for key in one.together}
        groups = ["_id", *sorted(keys)]
        firsts = " and ".join(f"n{n} = 1" for n in range(len(groups)))
        numbers = "".join(
            f", row_number() over (partition by {group} order by _order) as n{n}" for n, group in enumerate(groups)
        )
        return fill(
            "judge_reject",
            numbers=numbers,
            firsts=firsts,
            mask=self.rejecting,
            within=self._setting.within,
            **self._sql.places,
        )

    def settle(self) -> str:
        """Return the statement that brings flags, dimensions and quality to what was judged."""
        settled = self._settled("_judged", "_failed")
        return fill("judge_settle", settled=settled, within=self._setting.within, **self._sql.places)

    def _settled(self, judged: str, failed: str) -> str:
        """Return what is set of a row, from the names of its two masks."""
        bits = list(self._bits())
        pairs = ", ".join(f"({literal(one.check.name)}, {bit})" for bit, one in bits)
        weights = [(bit, one.check.weight) for bit, one in bits]
        return fill(
            "judge_settled",
            judged=judged,
            failed=failed,
            checks=f"values {pairs}",
            dimensions=" | ".join(
                f"(case when {failed} & {bit} <> 0 then {1 << DIMENSIONS.index(one.check.dimension)} else 0 end)"
                for bit, one in bits
            ),
            passed=" + ".join(
                f"(case when {judged} & {bit} <> 0 and {failed} & {bit} = 0 then {w} else 0 end)" for bit, w in weights
            ),
            applicable=" + ".join(f"(case when {judged} & {bit} <> 0 then {w} else 0 end)" for bit, w in weights),
        )

    def failed(self, mask: int) -> tuple[Check, ...]:
        """Return the checks of a row's bits."""
        return tuple(one.check for bit, one in self._bits() if mask & bit)

    def _bits(self) -> Iterator[tuple[int, Judgement]]:
        return ((1 << place, judgement) for place, judgement in enumerate(self.judgements))


def _of(check: Check, number: int, sql: Statements, setting: Setting) -> Judgement | None:
    match check.kind:
        case "spike":
            return _spike(check)
        case "gap":
            every = float(check.arguments["every"]) * GAP_TOLERANCE
            return Judgement(
                check, "(l.advances and l.previous_at is not null)", f"{_seconds('l.previous_at')} > {every}"
            )
        case "late":
            return _late(check, setting)
        case "repeated":
            return None if setting.again else _repeated(check, sql, setting)
        case "unique":
            return _unique(check, sql)
        case _:
            return _neighbours(check, number, sql, setting)


def _spike(check: Check) -> Judgement:
    value, before = _value(check), f'l."previous_{check.field}"'
    near = f"{_seconds('l.previous_at')} <= {float(check.arguments['within'])}"
    applies = f"(l.advances and {value} is not null and {before} is not null and {near})"
    return Judgement(check, applies, _far(check.arguments, value, before))


def _late(check: Check, setting: Setting) -> Judgement | None:
    if setting.promised is None:
        return None
    after = float(check.arguments.get("after", setting.promised))
    recorded = f"timestamptz {literal(setting.place.recorded_at)}"
    return Judgement(check, "(l._observed_at is not null)", f"{recorded} - l._observed_at > interval '{after} seconds'")


def _repeated(check: Check, sql: Statements, setting: Setting) -> Judgement:
    history = sql.places["history"]
    standing = stands(sql.contract.kind, history, "h")
    seen = (
        f"({_late_only(sql, 'l._observed_at <= l.state_at')} exists (select from {history} h where h._id = l._id "
        f"and h._observed_at = l._observed_at and h._digest <> l._digest and {standing}))"
    )
    if setting.twins:
        mine = "encode(l._digest, 'hex')"
        seen = f"(coalesce({seen}, false) or coalesce(l.least_twin <> {mine} or l.greatest_twin <> {mine}, false))"
    return Judgement(
        check, "(l._observed_at is not null and not l._deleted)", f"coalesce({seen}, false)", _twin_columns(setting)
    )


def _twin_columns(setting: Setting) -> tuple[str, ...]:
    window = "over (partition by _id, _observed_at order by _order rows between unbounded preceding and 1 preceding)"
    if not setting.twins:
        return ()
    return (
        f"min(encode(_digest, 'hex')) {window} as least_twin",
        f"max(encode(_digest, 'hex')) {window} as greatest_twin",
    )


def _unique(check: Check, sql: Statements) -> Judgement:
    names = [quoted(name) for name in _unique_of(check)]
    given = " and ".join(f"l.{name} is not null" for name in names)
    places = {
        "same_state": " and ".join(f"s.{name} = l.{name}" for name in names),
        "same_batch": " and ".join(f"o.{name} = l.{name}" for name in names),
    }
    fails = fill("judge_unique", **places, **sql.places)
    return Judgement(check, f"({given} and not l._deleted)", fails, together=(", ".join(names),))


def _neighbours(check: Check, number: int, sql: Statements, setting: Setting) -> Judgement:
    value, history = quoted(str(check.field)), sql.places["history"]
    mine = f"in_history_{number}"
    live = (
        f"({_late_only(sql, 'b._observed_at <= s._observed_at')} exists (select from {history} h where h._id = b._id "
        f"and h._observed_at = b._observed_at and h.{value} is not null)) as {mine}",
    )
    window = "over (partition by _observed_at order by _order rows between unbounded preceding and 1 preceding)"
    columns = (
        f"count({value}) filter (where not coalesce({mine}, false)) {window} as near_{number}",
        f"max({value}) {window} as highest_{number}",
    )
    joins = fill("judge_neighbours", value=value, number=number, **sql.places)
    readings, highest = f"near_{number}", f"highest_{number}"
    if setting.twins:
        # An entity counts once at a moment: by its first reading, and never as its own neighbour.
        first = f"first_{number}"
        partition = f"partition by b._observed_at, b._id, b.{value} is null order by b._order"
        live = (*live, f"(b.{value} is not null and row_number() over ({partition}) = 1) as {first}")
        columns = (
            f"count(*) filter (where {first} and not coalesce({mine}, false)) {window} as near_{number}",
            columns[1],
        )
        minimum = float(check.arguments["minimum"])
        joins += "\n" + fill("judge_neighbours_twins", value=value, number=number, minimum=minimum)
        readings = f"near_{number} - (not l.{first} and not coalesce({mine}, false))::int"
        highest = f"case when l.{first} then highest_{number} else batch_{number}.top end"
    known = f"history_{number}"
    count = f"coalesce({known}.readings, 0) - coalesce({mine}, false)::int + {readings}"
    top = f"greatest(case when {known}.top_id = l._id then {known}.second else {known}.top end, {highest})"
    applies = f"(l.{value} is not null and not l._deleted and {count} >= {int(check.arguments['least'])})"
    fails = _far(check.arguments, f"l.{value}", top)
    return Judgement(check, applies, fails, columns, joins, together=("_observed_at",), live=live)


def _late_only(sql: Statements, condition: str) -> str:
    """Only a measure's state says which moments can have been seen before."""
    return f"{condition} and" if sql.contract.kind == "measure" else ""


def _far(arguments: Mapping[str, Any], value: str, other: str) -> str:
    return (
        f"({value} >= {float(arguments['minimum'])} and {value} > {float(arguments['factor'])} * greatest({other}, 1))"
    )


def _value(check: Check) -> str:
    return f"l.{quoted(str(check.field))}"


def _seconds(before: str) -> str:
    return f"extract(epoch from l._observed_at - {before})"


def _unique_of(check: Check) -> tuple[str, ...]:
    return tuple(check.arguments.get("properties") or ([check.field] if check.field else []))


def _unique_names(judgements: Sequence[Judgement]) -> set[str]:
    return {name for one in judgements if one.check.kind == "unique" for name in _unique_of(one.check)}


def _previous(number: int, name: str) -> str:
    label = quoted("previous_" + name.strip('"'))
    first = f"lag(_order) over earlier is null then before_{number}"
    return f", case when {first} else lag({name}) over earlier end as {label}"


def _labels(columns: Iterable[str]) -> tuple[str, ...]:
    """Return what `<expression> as <label>` is called."""
    return tuple(column.rpartition(" as ")[2] for column in columns)


def _sum(conditions: Iterator[tuple[int, str]]) -> str:
    return " + ".join(f"(case when {condition} then {bit} else 0 end)" for bit, condition in conditions)
