"""Contracts come into force as commits: their tables are made, or given new columns, while writers run."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from khue.contract.batch import Part, Raw
from khue.contract.contract import Contract
from khue.contract.difference import breaking, version_fault
from khue.contract.errors import Misconfigured, TryAgain
from khue.ledger.chain import canonical
from khue.ledger.commit import Ledger
from khue.ledger.fingerprint import body, digest_of, in_tables
from khue.ledger.head import Head, lock
from khue.ledger.indexes import unique_ddl
from khue.ledger.merge import Tally
from khue.ledger.partitions import make as make_partitions
from khue.ledger.statements import fill, literal, quoted
from khue.ledger.tables import add_column_ddl, contract_columns, table_ddl
from khue.ledger.views import view_ddl
from khue.ledger.write_log import Said, compressed, write_log
from khue.ledger.writer import Writer

IN_FORCE = "select body::text, digest from khue.contract where type = $1 order by seq desc limit 1"
TRIES = 30  # each waits at most 2 s for the tables, and lets the writers go on before the next


@dataclass(frozen=True, slots=True)
class InForce:
    """The contract that a new one replaces, the SQL types of its columns, and the dataset that it opens."""

    contract: Contract
    columns: dict[str, str]
    dataset: str | None


def install(ledger: Ledger, contracts: Iterable[Contract], actor: str = "local") -> list[int]:
    """Bring contracts into force, each by a commit of kind "contract"; return the seqs of the commits made.

    A contract that is in force already makes none. Raises Misconfigured where a change needs a new major version,
    TryAgain where the tables were in use for a minute.
    """
    made: list[int] = []
    for contract in contracts:
        seq = _patiently(ledger, contract, actor)
        made += [] if seq is None else [seq]
    return made


def _patiently(ledger: Ledger, contract: Contract, actor: str) -> int | None:
    last: TryAgain | None = None
    for _ in range(TRIES):
        try:
            return _install(ledger, contract, actor)
        except TryAgain as error:
            last = error
            if "lock timeout" not in error.why:
                raise
    raise last or TryAgain(f"The tables of {contract.type} are in use")


def _install(ledger: Ledger, contract: Contract, actor: str) -> int | None:
    digest = digest_of(contract)
    with ledger.writers.writer() as writer:
        before = _in_force(writer, contract.type)
        writer.rollback()
        if before and before.contract.digest == digest:
            return None
        content = canonical(body(contract)).encode()
        part = Part(0, 0, "contract", actor, Raw(content, hashlib.sha256(content).digest()), kind="contract")
        # The ledger's lock comes first, as for every writer: without this gate, changes and writers deadlock.
        writer.run("set local lock_timeout = '2s'")
        head = lock(writer, 1, ledger.clock)
        before = _in_force(writer, contract.type)  # again, now that nobody else can change it
        if before and before.contract.digest == digest:
            writer.rollback()
            return None
        if before:
            _require_version(contract, before.contract, digest)
        for statement in _changes(writer, contract, before):
            writer.run(statement)
        make_partitions(writer, contract.type, head.recorded_at)
        _register(writer, contract, digest, head)
        said = Said(contract.type, contract.version, "", "replace", {})
        write_log(writer, head, said, [(part, compressed(part.raw))], [Tally()])
        writer.commit()
    return head.first


def _in_force(writer: Writer, type_name: str) -> InForce | None:
    found = writer.rows(IN_FORCE, (type_name,))
    if not found:
        return None
    known: dict[str, Any] = json.loads(found[0][0])
    return InForce(in_tables(known, str(found[0][1])), known["columns"], (known["share"] or {}).get("dataset"))


def _changes(writer: Writer, contract: Contract, before: InForce | None) -> Iterator[str]:
    """Yield the statements that bring the tables from one contract to the next."""
    if before and before.dataset:
        yield f"drop view if exists {quoted('open', before.dataset)}"
    if before is None:
        yield from table_ddl(contract)
    elif contract.major != before.contract.major:
        yield from _put_aside(writer, contract.type, before.contract.major)
        yield from table_ddl(contract)
    else:
        new = frozenset(name for name, _ in contract_columns(contract)) - before.columns.keys()
        yield from add_column_ddl(contract, new)
        yield from unique_ddl(contract)
    yield from view_ddl(contract)


def _require_version(contract: Contract, before: Contract, digest: str) -> None:
    """Raise Misconfigured unless the version's number says what the change does."""
    fault = version_fault(before, replace(contract, digest=digest))
    if before.is_draft and not contract.is_draft and contract.major == 0:
        fault = "The first contract of a type that was a draft begins with version 1.0.0"
    if fault:
        reasons = breaking(before, contract)
        raise Misconfigured(
            f"The contract of {contract.type} cannot change from {before.version} to {contract.version}",
            where=contract.file,
            why="; ".join((*reasons, fault) if fault not in reasons else reasons),
            todo="a new major version has tables of its own, and `khue replay` fills them" if reasons else "",
        )


def _put_aside(writer: Writer, type_name: str, major: int) -> Iterator[str]:
    """Yield renames of the tables of the old major version, with their partitions and indexes."""
    tables = writer.rows(fill("tables_of_type", type=literal(type_name), like=literal(type_name + "@%")))
    for schema, table, kind in tables:
        aside = f"{type_name}_v{major}{table.removeprefix(type_name)}" if kind == "table" else f"{table}_v{major}"
        yield f"alter {kind} {quoted(schema, table)} rename to {quoted(aside[:63])}"


def _register(writer: Writer, contract: Contract, digest: str, head: Head) -> None:
    kept = body(contract) | {"columns": dict(contract_columns(contract))}
    writer.run(
        fill("register_contract"),
        (contract.type, contract.version, digest, canonical(kept), head.first, head.recorded_at),
    )
    writer.run("update khue.head set contract_seq = $1", (head.first,))
