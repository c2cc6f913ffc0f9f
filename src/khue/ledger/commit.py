"""The ledger's one way in: a batch of clean records becomes commits, in one transaction, in one order."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from json import loads

import zstandard

from khue.contract.batch import Part
from khue.contract.cleaned import Cleaned
from khue.contract.clock import Clock, system_clock
from khue.contract.errors import Conflict, KhueError, NotFound, Refused, TooLarge
from khue.contract.receipt import Receipt
from khue.ledger.database import Database
from khue.ledger.fingerprint import digest_of
from khue.ledger.head import Contracts, lock
from khue.ledger.merge import Staged, merge
from khue.ledger.merge_sql import Statements
from khue.ledger.partitions import Partitions
from khue.ledger.parts import only
from khue.ledger.scopes import Scopes
from khue.ledger.staging import Ready, arrow, json_names, ready, scope_keys
from khue.ledger.statements import template
from khue.ledger.write_log import Said, compressed, receipt_of, write_log
from khue.ledger.writer import Unwritable, Writer, Writers

Also = Callable[[Writer], None]

LARGEST = 10_000  # records in a transaction: about 0.3 s under the lock
UNIQUE_VIOLATION = "23505"
RAW = "select r.bytes from khue.commit c join khue.raw r on r.seq = c.raw_seq where c.seq = $1 order by r.part"
FIRST = template("first_receipts")


class PartsFailed(Refused):
    """Some parts of a batch could not be written; the others are in the record.

    `outcomes` has, for each part in order, its receipt or the error that kept it out.
    """

    def __init__(self, outcomes: Sequence[Receipt | KhueError]) -> None:
        self.outcomes = tuple(outcomes)
        failed = [error for error in outcomes if isinstance(error, KhueError)]
        super().__init__(f"{len(failed)} of {len(self.outcomes)} parts cannot be written", why=str(failed[0]))


class Ledger:
    """What writes the record. One object serves all threads of a process; each thread has a connection of its own."""

    def __init__(self, database: Database, clock: Clock = system_clock) -> None:
        self.database, self.clock = database, clock
        self.writers = Writers(database)
        self.contracts, self._scopes = Contracts(), Scopes()
        self.partitions = Partitions()

    def close(self) -> None:
        """Close all connections."""
        self.writers.close()

    def commit(self, cleaned: Cleaned, also: Also | None = None) -> list[Receipt]:
        """Put a batch into the record, all parts in one transaction, and return a receipt for each part.

        `also` writes in the same transaction what belongs to it, such as a follower's cursor.
        A part whose position is in the record already is answered its first receipt, with `again`; if the sender chose
        the position and these are other bytes, it is refused with Conflict.
        Raises TooLarge above 10,000 records, StaleContract if the contract changed since cleaning, TryAgain while the
        database is not ready, Refused if it cannot take the data, and PartsFailed if some of several parts are refused.
        """
        parts = cleaned.batch.parts
        if parts and parts[-1].end > LARGEST:
            raise TooLarge(f"A batch of {parts[-1].end} records", why=f"at most {LARGEST} are committed at once")
        while True:
            known = self._first_receipts(parts)
            fresh = [place for place in _first_of_each_position(parts) if place not in known]
            try:
                made = self._transaction(only(cleaned, fresh), also) if fresh else []
            except Unwritable as error:
                if error.state == UNIQUE_VIOLATION and "commit_position" in error.why:
                    continue  # another writer has just committed the same position: answer its receipt
                if len(parts) == 1 or also:
                    raise
                return self._one_by_one(cleaned)
            return _settled(_answers(parts, known | dict(zip(fresh, made, strict=True))))

    def rehearse(self, cleaned: Cleaned) -> list[Receipt]:
        """Return the receipts that `commit` would answer now, and write nothing: the transaction is rolled back."""
        parts = cleaned.batch.parts
        known = self._first_receipts(parts)
        fresh = [place for place in _first_of_each_position(parts) if place not in known]
        made = self._transaction(only(cleaned, fresh), None, keep=False) if fresh else []
        return _settled(_answers(parts, known | dict(zip(fresh, made, strict=True))))

    def raw(self, seq: int) -> bytes:
        """Return the bytes as received of a commit; raises NotFound where there are none, or they were erased."""
        with self.writers.writer() as writer:
            found = writer.rows(RAW, (seq,))
            writer.rollback()
        if not found:
            raise NotFound(f"The commit {seq} has no bytes as received")
        return b"".join(zstandard.decompress(piece) for (piece,) in found)

    def _one_by_one(self, cleaned: Cleaned) -> list[Receipt]:
        outcomes: list[Receipt | KhueError] = []
        for place in range(len(cleaned.batch.parts)):
            try:
                outcomes += self.commit(only(cleaned, [place]))
            except (Unwritable, Conflict) as error:
                outcomes.append(error)
        return _settled(outcomes)

    def _first_receipts(self, parts: Sequence[Part]) -> dict[int, Receipt | KhueError]:
        """Return the receipts of the parts whose positions are in the record, or why not, by place of the part."""
        placed = [(place, part) for place, part in enumerate(parts) if part.position]
        if not placed:
            return {}
        sources = [part.source for _, part in placed]
        keys = [part.position.key for _, part in placed if part.position]
        with self.writers.writer() as writer:
            found = writer.rows(FIRST, (sources, keys))
            writer.rollback()
        known: dict[int, Receipt | KhueError] = {}
        for n, seq, counts, digest, entity in found:
            place, part = placed[n]
            same = _same(part, bytes(digest), entity)
            known[place] = receipt_of(loads(counts), seq, again=True) if same else _used(part, f"by the commit {seq}")
        return known

    def _transaction(self, cleaned: Cleaned, also: Also | None, *, keep: bool = True) -> list[Receipt]:
        sql = Statements(cleaned.contract)
        batch = cleaned.batch
        parts = [(part, compressed(part.raw)) for part in batch.parts]
        self.partitions.ensure(self.writers, batch.type, self.clock())
        said = Said(batch.type, cleaned.contract.version, cleaned.reference_version, batch.mode, batch.profile)
        with self.writers.writer() as writer:
            writer.prepare(sql)
            frames = ready(cleaned, self._scopes.numbers(writer, scope_keys(cleaned.rows)), self.clock())
            staged = stage(writer, sql, frames, cleaned)
            head = lock(writer, len(parts), self.clock)
            self.contracts.require(writer, head, batch.type, digest_of(cleaned.contract))
            tallies = merge(writer, sql, head.place, staged)
            receipts = write_log(writer, head, said, parts, tallies)
            if also:
                also(writer)
            if keep:
                writer.commit()
            else:
                writer.rollback()
        return receipts


def stage(writer: Writer, sql: Statements, frames: Ready, cleaned: Cleaned) -> Staged:
    """Copy the frames into the connection's temporary tables, with the digest of each row."""
    if frames.rows.height:
        writer.copy(f"load_{sql.key}", arrow(frames.rows, json_names(sql.contract)))
        writer.run(sql.stage())
    if frames.quarantined.height:
        writer.copy("quarantine_load", arrow(frames.quarantined, ["reasons"]))
    return Staged(
        cleaned,
        frames.rows.height,
        frames.quarantined.height,
        frames.repeats,
        frames.twins,
        frames.patch,
        bool(frames.rows["_flags"].list.len().sum()),
    )


def _first_of_each_position(parts: Sequence[Part]) -> list[int]:
    """Return the places of the parts, without those that repeat a position of an earlier part."""
    seen: set[tuple[str, str]] = set()
    kept: list[int] = []
    for place, part in enumerate(parts):
        if part.position is None or (part.source, part.position.key) not in seen:
            kept.append(place)
        if part.position is not None:
            seen.add((part.source, part.position.key))
    return kept


def _answers(parts: Sequence[Part], known: dict[int, Receipt | KhueError]) -> list[Receipt | KhueError]:
    """Return what became of each part; one that repeats a position of the batch is answered the first one's."""
    by_position = {
        (part.source, part.position.key): (part, known[place])
        for place, part in reversed(list(enumerate(parts)))
        if part.position and place in known
    }
    answers: list[Receipt | KhueError] = []
    for place, part in enumerate(parts):
        answer = known.get(place)
        if answer is None and part.position:
            first, answer = by_position[part.source, part.position.key]
            if not _same(part, first.raw.digest, first.about.get("entity")):
                answer = _used(part, "by another request that came just before")
            elif isinstance(answer, Receipt):
                answer = replace(answer, again=True)
        answers.append(answer or Receipt())
    return answers


def _settled(outcomes: Sequence[Receipt | KhueError]) -> list[Receipt]:
    """Return the receipts; raise where a part has none."""
    for outcome in outcomes:
        if isinstance(outcome, KhueError):
            raise outcome if len(outcomes) == 1 else PartsFailed(outcomes)
    return [outcome for outcome in outcomes if isinstance(outcome, Receipt)]


def _same(part: Part, digest: bytes, entity: str | None) -> bool:
    """Whether what has the part's position is the same request; a position that names its content always is."""
    chosen = part.position is not None and part.position.chosen
    return not chosen or (part.raw.digest, part.about.get("entity")) == (digest, entity)


def _used(part: Part, by: str) -> Conflict:
    key = part.position.key.partition(":")[2] if part.position else ""
    todo = "Give each request a key of its own, and repeat one only with the same body"
    return Conflict(f"The Idempotency-Key “{key[:60]}” was used for another body", why=f"It was used {by}", todo=todo)
