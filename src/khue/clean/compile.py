"""Checks as Polars expressions over typed columns: true passes, false fails, null does not apply.

Like SQL, a check says nothing about a value that is not there; only `required` does.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from dataclasses import field as default
from typing import Any

import polars as pl

from khue.clean.entity_id import key_properties
from khue.clean.sql_predicate import sql_predicate
from khue.clean.units import agrees
from khue.contract.batch import GIVEN, UNIT_PREFIX
from khue.contract.check import Check, OnFail
from khue.contract.contract import Contract
from khue.contract.label import Label
from khue.contract.property import Property
from khue.contract.reasons import type_reason

IN_REFERENCE = "_in."  # `_in.<check>`: Boolean, whether the value exists in the reference frame of this call


@dataclass(frozen=True, slots=True)
class Compiled:
    """A check and its expression. `on_fail` is what a failure really does; `when` names the value it applies to.

    `when` None = it applies wherever `passes` is not null.
    """

    check: Check
    on_fail: OnFail
    passes: pl.Expr
    when: str | None = None
    always: bool = False
    waived: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """What a compilation depends on beyond the contract: the frame's columns, the mode, the source's units."""

    columns: Set[str]
    patch: bool = False
    units: Mapping[str, str] = default(default_factory=dict[str, str])
    waived: frozenset[str] = frozenset()


def all_checks(contract: Contract) -> tuple[Check, ...]:
    """Return the row checks, with the type check that is implied for a property that names none."""
    typed = {check.field for check in contract.row_checks if check.kind == "type"}
    implied = (_type_check(prop) for prop in contract.properties if prop.name not in typed)
    return (*contract.row_checks, *implied)


def _type_check(prop: Property) -> Check:
    return Check(
        name=f"{prop.name}_type",
        kind="type",
        dimension="clean",
        on_fail="hold",
        field=prop.name,
        reason=type_reason(prop.logical_type),
    )


# That a row could be decoded at all: no contract can do without it. Why not is said by the decoder.
DECODE = Check(
    name="decode",
    kind="type",
    dimension="clean",
    on_fail="reject",
    field=None,
    reason=Label(
        "Dòng {row}: không đọc được ({value}); sửa dòng này trong tệp rồi gửi lại",
        "Row {row}: the row cannot be read ({value}); mend it in the file and send it again",
    ),
)


def identity_check(contract: Contract) -> Check:
    """Return the check that no contract can do without: the record can be told from others."""
    keys = key_properties(contract.key)
    return Check(
        name="identity",
        kind="required",
        dimension="sufficient",
        on_fail="reject",
        field=keys[0] if len(keys) == 1 else None,
        reason=Label(
            "Dòng {row}, cột {column}: không đủ thông tin để nhận diện bản ghi; bổ sung mã hoặc tên",
            "Row {row}, column {column}: the record cannot be identified; add its code or name",
        ),
    )


def moment_check(contract: Contract) -> Check:
    """Return the check that a record's time can be told, where what was sent cannot be read as one."""
    return Check(
        name="moment",
        kind="required",
        dimension="live",
        on_fail="reject",
        field=contract.observed_at,
        reason=Label(
            "Dòng {row}, cột {column}: không xác định được thời điểm của số liệu; ghi đúng ngày, giờ",
            "Row {row}, column {column}: the time of the record cannot be told; write the date and time",
        ),
    )


def compile_checks(contract: Contract, situation: Situation) -> tuple[Compiled, ...]:
    """Return every check but those of type (the readers know what could not be read) as an expression."""
    checks = (check for check in contract.row_checks if check.kind != "type")
    made = (_compiled(check, contract, situation) for check in checks)
    return tuple(compiled for compiled in made if compiled is not None)


def effect(check: Check, contract: Contract) -> OnFail:
    """Return what a failure does: a value that the record's identity or time rests on cannot be held back."""
    rests_on = (*key_properties(contract.key), contract.observed_at)
    return "reject" if check.on_fail == "hold" and (check.field is None or check.field in rests_on) else check.on_fail


def _compiled(check: Check, contract: Contract, situation: Situation) -> Compiled | None:
    passes = _passes(check, contract, situation)
    if passes is None:
        return None
    by_value = check.kind in ("range", "enumeration", "length", "pattern")
    return Compiled(
        check=check,
        on_fail=effect(check, contract),
        passes=passes,
        when=check.field if by_value else None,
        always=check.kind == "required" and not situation.patch,
        waived=check.name in situation.waived,
    )


def _passes(check: Check, contract: Contract, situation: Situation) -> pl.Expr | None:
    """Return the expression of a check, or None where it can never apply to this frame."""
    if check.kind == "predicate":
        return sql_predicate(str(check.arguments["sql"]))
    if check.field is None:
        return None
    column = pl.col(check.field)
    if check.kind == "required":
        return _required(check.field, situation)
    if check.kind == "unit":
        return _unit(check, contract.by_name[check.field], situation)
    if check.kind == "reference":
        return pl.col(IN_REFERENCE + check.name)
    return _ABOUT_VALUE[check.kind](column, check.arguments)


def _required(name: str, situation: Situation) -> pl.Expr | None:
    there = pl.col(name).is_not_null()
    if not situation.patch:
        return there
    if GIVEN in situation.columns:  # a patch that does not name the property leaves it as it was
        return pl.when(pl.col(GIVEN).list.contains(name)).then(there)
    return None


def _unit(check: Check, prop: Property, situation: Situation) -> pl.Expr | None:
    """Let the source's declaration rule: a row that disagrees with it fails, as does a declaration not ours."""
    wanted = str(check.arguments.get("unit") or prop.unit or "")
    declared = situation.units.get(prop.name)
    known = (wanted, prop.unit_label) if wanted == prop.unit else (wanted,)
    if declared and not pl.select(agrees(pl.lit(declared), *known)).item():
        return pl.when(pl.col(prop.name).is_not_null()).then(statement=False)
    own = UNIT_PREFIX + prop.name
    if own not in situation.columns:
        return pl.when(pl.col(prop.name).is_not_null()).then(statement=True) if declared else None
    return pl.when(pl.col(prop.name).is_not_null()).then(agrees(pl.col(own), declared, *known))


def _range(column: pl.Expr, arguments: Mapping[str, Any]) -> pl.Expr:
    bounds = {"minimum": column.ge, "maximum": column.le, "exclusiveMinimum": column.gt, "exclusiveMaximum": column.lt}
    parts = [compare(arguments[name]) for name, compare in bounds.items() if arguments.get(name) is not None]
    return parts[0] & parts[1] if len(parts) == 2 else pl.all_horizontal(parts)


def _enumeration(column: pl.Expr, arguments: Mapping[str, Any]) -> pl.Expr:
    return column.is_in(list(arguments["values"]))


def _length(column: pl.Expr, arguments: Mapping[str, Any]) -> pl.Expr:
    least, most = arguments.get("minLength") or 0, arguments.get("maxLength")
    length = column.str.len_chars()
    return length.ge(least) if most is None else length.is_between(least, most)


def _pattern(column: pl.Expr, arguments: Mapping[str, Any]) -> pl.Expr:
    return column.str.contains(f"^(?:{arguments['pattern']})$")


_ABOUT_VALUE = {"range": _range, "enumeration": _enumeration, "length": _length, "pattern": _pattern}
