"""The statements of a commit for one contract version, filled from the templates in `sql/`."""

from dataclasses import dataclass
from functools import cached_property

from khue.contract.check import DIMENSIONS
from khue.contract.contract import Contract
from khue.ledger.fingerprint import fingerprint
from khue.ledger.fold import WITHDRAWN, recency
from khue.ledger.statements import fill, quoted
from khue.ledger.tables import SYSTEM, columns, contract_columns

NOT_STAGED = ("_recorded_at", "_seq")  # known only under the lock
# What rows_digest covers of each row; `_digest` itself covers id, moment, deletion, extra and the contract's columns.
FORM = (
    "record_send(row({t}._record, {t}._digest, {t}._area, {t}._agency, {t}._visible_to, {t}._x, {t}._y, {t}._cell, "
    "{t}._quality, {t}._flags, {t}._held))"
)
DIGESTED = ("_id", "_observed_at", "_deleted", "_extra")


def digest_expression(names: tuple[str, ...], table: str) -> str:
    """Return the SQL of a row's content digest: 16 bytes over its id, moment, deletion, extra and own columns."""
    listed = ", ".join(f"{table}.{quoted(name)}" for name in (*DIGESTED, *names))
    return f"substr(sha256(record_send(row({listed}))), 1, 16)"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a transaction stands in the order: its first seq and that commit's moment; the others follow by 1 µs."""

    first: int
    recorded_at: str
    within: str = "true"  # the rows meant, as a condition on _order: a patch goes in segments


@dataclass(frozen=True)
class Statements:
    """The SQL of one contract version."""

    contract: Contract

    @cached_property
    def key(self) -> str:
        """Return what names the temporary tables of this contract version."""
        return fingerprint(self.contract)

    @cached_property
    def staged(self) -> tuple[str, ...]:
        """Return the columns of the staging that go to history and state."""
        return tuple(name for name in columns(self.contract) if name not in NOT_STAGED)

    @cached_property
    def own(self) -> tuple[str, ...]:
        """Return the contract's own columns, without the folded ones."""
        return tuple(prop.name for prop in self.contract.properties)

    @cached_property
    def places(self) -> dict[str, str]:
        """Return the names that every template may use."""
        return {
            "stage": quoted(f"stage_{self.key}"),
            "load": quoted(f"load_{self.key}"),
            "state": quoted("state", self.contract.type),
            "history": quoted("history", self.contract.type),
            "names": ", ".join(map(quoted, self.staged)),
        }

    def tables(self) -> tuple[str, str]:
        """Return the statements that make the temporary tables of a connection."""
        kinds = {**dict(SYSTEM), **dict(contract_columns(self.contract))}
        strict = ", ".join(f"{quoted(name)} {kinds[name]}" for name in self.staged)
        loose = ", ".join(
            f"{quoted(name)} {kinds[name].removesuffix(' not null')}" for name in self.staged if name != "_digest"
        )
        return (
            fill("stage_table", columns=strict, **self.places),
            fill("load_table", columns=loose, **self.places),
        )

    def stage(self) -> str:
        """Return the statement that types the loaded rows and computes their digests, before the lock."""
        places = {**self.places, "names": ", ".join(quoted(name) for name in self.staged if name != "_digest")}
        return fill("stage", digest=digest_expression(self.own, "b"), **places)

    def history(self, place: Place) -> str:
        """Return the statement that appends the rows to history."""
        return fill(
            "merge_history", first=place.first, recorded_at=place.recorded_at, within=place.within, **self.places
        )

    def state(self, place: Place, *, repeats: bool) -> str:
        """Return the statement that brings state to the latest rows; `repeats` = an id may come twice."""
        measure = self.contract.kind == "measure"
        order = "_id, coalesce(_observed_at, '-infinity') desc, _order desc" if measure else "_id, _order desc"
        ranks = [", ".join(recency("measure", table)) for table in ("s", "excluded")]
        newer = f"where '{WITHDRAWN}' = any(s._flags) or ({ranks[0]}) < ({ranks[1]})" if measure else ""
        updates = ", ".join(
            f"{quoted(name)} = excluded.{quoted(name)}" for name in columns(self.contract) if name != "_id"
        )
        return fill(
            "merge_state",
            distinct="distinct on (_id)" if repeats else "",
            order=f"order by {order}" if repeats else "",
            updates=updates,
            newer=newer,
            first=place.first,
            recorded_at=place.recorded_at,
            within=place.within,
            **self.places,
        )

    def unchanged(self, place: Place, *, repeats: bool) -> str:
        """Return the statement that marks rows which say nothing new."""
        if self.contract.kind != "measure":
            return fill("unchanged_entity", within=place.within, **self.places)
        twin = (
            "lag(b._digest) over (partition by b._id, b._observed_at order by b._order)" if repeats else "null::bytea"
        )
        seconds = self.contract.dedupe.total_seconds()
        return fill(
            "unchanged_measure",
            twin=twin,
            dedupe=seconds,
            recorded_at=place.recorded_at,
            within=place.within,
            **self.places,
        )

    def tally(self) -> str:
        """Return the query for what became of the rows of each part."""
        passed = ", ".join(
            f"count(*) filter (where _dimensions & {1 << bit} = 0) as {name}" for bit, name in enumerate(DIMENSIONS)
        )
        return fill("tally", dimensions=passed, form=FORM.format(t="b"), **self.places)

    def tally_checks(self) -> str:
        """Return the query for how many written rows of each part failed each check."""
        return fill("tally_checks", **self.places)
