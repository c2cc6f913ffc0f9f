"""A plan: everything about a batch that does not depend on its rows, worked out once and kept.

Batches of one record come by the thousand; what costs is building expressions, not running them.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as default
from threading import Lock
from typing import Any

import polars as pl

from khue.clean.compile import (
    DECODE,
    Compiled,
    Situation,
    all_checks,
    compile_checks,
    effect,
    identity_check,
    moment_check,
)
from khue.clean.entity_id import entity_id, key_properties
from khue.clean.reader import Reader, reader_of
from khue.clean.typed import DTYPE, nothing
from khue.contract.batch import Batch
from khue.contract.check import Check
from khue.contract.contract import Contract
from khue.contract.label import Label
from khue.contract.property import Property

_MOST = 256  # plans kept
_PROFILE = ("zone", "date_order", "decimal")  # what of the decode profile the normalisers ask for


@dataclass(frozen=True)
class Plan:
    """How to clean frames of one shape under one contract.

    `checks` are all of them, in the order of their numbers: row checks, then those of type, then decode, identity
    and moment.
    """

    contract: Contract
    readers: Mapping[str, Reader]
    absent: tuple[pl.Expr, ...]  # a null column for each property that the frame lacks
    checks: tuple[Compiled, ...]
    compiled: tuple[Compiled, ...]
    types: Mapping[str, Check]
    made_id: pl.Expr
    known: frozenset[str]
    options: Mapping[str, Any] = default(default_factory=dict[str, Any])

    def number(self, name: str) -> int:
        """Return the number of a check by its name."""
        return next(place for place, compiled in enumerate(self.checks) if compiled.check.name == name)


_plans: OrderedDict[Any, Plan] = OrderedDict()
_lock = Lock()


def plan_of(batch: Batch, contract: Contract) -> Plan:
    """Return the plan for a batch, from memory where one of its shape came before."""
    key = (
        id(contract),  # the plan keeps the contract alive, so the number is not used again
        tuple(batch.frame.schema.items()),
        batch.mode,
        tuple(str(batch.profile.get(name)) for name in _PROFILE),
        tuple(sorted(batch.units.items())),
        batch.waived,
    )
    with _lock:
        known = _plans.get(key)
        if known is not None:
            _plans.move_to_end(key)
            return known
    made = _make(batch, contract)
    with _lock:
        _plans[key] = made
        while len(_plans) > _MOST:
            _plans.popitem(last=False)
    return made


def _make(batch: Batch, contract: Contract) -> Plan:
    schema = batch.frame.schema
    options = {name: batch.profile[name] for name in _PROFILE if batch.profile.get(name)}
    properties = (*contract.properties, *_keys_of_a_draft(contract))
    types = {check.field: check for check in all_checks(contract) if check.kind == "type" and check.field}
    compiled = compile_checks(
        contract,
        Situation(frozenset(schema), batch.mode == "patch", batch.units, batch.waived),
    )
    by_type = tuple(_plain(check, contract, batch.waived) for check in types.values())
    own_checks = (DECODE, identity_check(contract), moment_check(contract))
    own = tuple(_plain(check, contract, frozenset()) for check in own_checks)
    dtypes = {prop.name: DTYPE[prop.logical_type] for prop in properties}
    return Plan(
        contract=contract,
        readers={prop.name: reader_of(prop, schema[prop.name], options) for prop in properties if prop.name in schema},
        absent=tuple(nothing(prop.logical_type).alias(prop.name) for prop in properties if prop.name not in schema),
        checks=(*compiled, *by_type, *own),
        compiled=compiled,
        types=types,
        made_id=entity_id(contract, dtypes),
        known=frozenset(contract.by_name),
        options=options,
    )


def _keys_of_a_draft(contract: Contract) -> tuple[Property, ...]:
    """Return the names in the key that no property has: a draft type is told apart by what it was sent with."""
    names = (name for name in key_properties(contract.key) if name not in contract.by_name)
    return tuple(Property(name, "string", Label(name, name)) for name in names)


def _plain(check: Check, contract: Contract, waived: frozenset[str]) -> Compiled:
    return Compiled(check, effect(check, contract), pl.lit(None, pl.Boolean), waived=check.name in waived)
