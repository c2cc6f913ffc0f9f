"""What a new version of a contract changes: in place, or so that readers would break."""

import re
from collections.abc import Iterator
from dataclasses import replace

from khue.contract.contract import Contract
from khue.contract.property import Property


def breaking(old: Contract, new: Contract) -> tuple[str, ...]:
    """Return why the change needs a new major version and new tables; empty = it can be made in place.

    In place only nullable columns are added, and checks, labels, limits and gates change. A draft has no columns, so
    that its first contract is always in place.
    """
    if old.is_draft:
        return ()
    return tuple(_type_changes(old, new)) + tuple(_property_changes(old, new))


def version_fault(old: Contract, new: Contract) -> str:
    """Return what is wrong with the new version's number, or "" where it fits the change."""
    if old.digest == new.digest:
        return ""
    reasons = breaking(old, new)
    if _numbers(new) <= _numbers(old):
        return f"The contract changed, but its version {new.version} is not after {old.version}"
    if reasons and new.major == old.major:
        return f"{reasons[0]}: write version {old.major + 1}.0.0"
    return ""


def changes(old: Contract, new: Contract) -> tuple[str, ...]:
    """Return what changed, a sentence each, the breaking first."""
    return (*breaking(old, new), *_gentle_changes(old, new))


def _numbers(contract: Contract) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", contract.version))


def _type_changes(old: Contract, new: Contract) -> Iterator[str]:
    for what, before, after in (
        ("type", old.type, new.type),
        ("NGSI-LD type", old.entity_type, new.entity_type),
        ("kind", old.kind, new.kind),
        ("key", old.key, new.key),
        ("observedAt", old.observed_at, new.observed_at),
    ):
        if before != after:
            yield f"The {what} changed from {before} to {after}"


def _property_changes(old: Contract, new: Contract) -> Iterator[str]:
    for prop in old.properties:
        after = new.by_name.get(prop.name)
        if after is None:
            yield f"The property {prop.name} was removed"
            continue
        if prop.sql_type != after.sql_type or prop.logical_type != after.logical_type:
            yield f"{prop.name} changed from {prop.logical_type} to {after.logical_type}"
        if (prop.term or prop.name) != (after.term or after.name):
            yield f"The term of {prop.name} changed from {prop.term or prop.name} to {after.term or after.name}"
        if prop.unit != after.unit:
            yield f"The unit of {prop.name} changed from {prop.unit} to {after.unit}"
        if after.folded != prop.folded:
            yield f"The search column of {prop.name} was {'added' if after.folded else 'removed'}"


def _gentle_changes(old: Contract, new: Contract) -> Iterator[str]:
    for prop in new.properties:
        before = old.by_name.get(prop.name)
        if before is None:
            yield f"The property {prop.name} was added ({prop.logical_type}, empty in what is recorded)"
        elif _told(before) != _told(prop):
            yield f"The property {prop.name} is described or normalised otherwise"
    yield from _check_changes(old, new)
    for what in ("status", "owner", "locate", "share", "retention", "dedupe", "title", "label", "description"):
        if getattr(old, what) != getattr(new, what):
            yield f"The contract's {what} changed"


def _check_changes(old: Contract, new: Contract) -> Iterator[str]:
    before, after = old.checks_by_name, new.checks_by_name
    yield from (f"The check {name} was added" for name in after if name not in before)
    yield from (f"The check {name} changed" for name in after if name in before and after[name] != before[name])
    yield from (f"The check {name} was removed" for name in before if name not in after)


def _told(prop: Property) -> Property:
    """Return the property without what `breaking` tells already."""
    return replace(prop, logical_type="string", term="", unit=None, folded=False)
