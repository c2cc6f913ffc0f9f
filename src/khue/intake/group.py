"""Group commit: requests that come at the same time go into the record in one transaction, each with its own receipt.

While one group is merging, the next is decoded (both cores) and the one after gathers. A request that comes alone waits
for nobody; where many come together, a group closes when no more come, so that few groups are merged instead of many.
"""

import asyncio
import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from khue.contract.batch import ROW, Batch, Position
from khue.contract.contract import Contract
from khue.contract.errors import KhueError, Refused, TryAgain
from khue.contract.receipt import Receipt
from khue.intake.columns import unnamed_source
from khue.intake.decode import RECORDS, batch_of, with_first_seq
from khue.intake.request import Request, entity_records, ids_of, numbered
from khue.intake.shape import Shape
from khue.ledger.commit import PartsFailed

Commit = Callable[[], list[Receipt]]
Prepare = Callable[[Batch], Commit]  # cleans the batch, and returns what commits it
WAITING = 1_024  # requests; more are told to come again
MANY = 256  # requests in a group
# What odd input may raise in a decoder; anything else is a fault of ours and must be seen.
ODD = (PolarsError, ValueError, TypeError, LookupError, ArithmeticError, RecursionError)
BYTES = 32 << 20  # of bodies that wait
ENOUGH = 256 << 10  # bytes of bodies that are worth a group of their own
WRITERS = 2  # one copies its group into place, or waits for the disk, while the other merges under the lock
QUIET = 0.0015  # seconds without another request after which no more of those answered together are expected


@dataclass(slots=True)
class _Job:
    request: Request
    answer: "Future[Receipt]"
    size: int = 0  # records, once it is decoded


@dataclass(slots=True)
class _Ready:
    """A decoded group: one batch with a part for each job, or the batches of one large request."""

    batches: list[Batch]
    jobs: list[_Job]
    commit: Commit | None = None


@dataclass
class GroupCommit:
    """Takes requests from any number of connections and answers each when its records are on disk.

    `contract` gives a type's contract (a draft for an unknown one). `prepare` cleans a batch beside the merging of
    the one before, and returns what commits it and gives a receipt for each of its parts.
    `start` and `stop` bracket its life; `stop` finishes what was taken.
    """

    prepare: Prepare
    contract: Callable[[str], Contract]
    _inbox: "queue.Queue[_Job | None]" = field(default_factory=lambda: queue.Queue(WAITING))
    _settled: threading.Condition = field(default_factory=threading.Condition)
    _flying: Counter[str] = field(default_factory=Counter[str])  # type → batches that are merging or wait for it
    _patched: set[str] = field(default_factory=set[str])  # types of which a patch is among them
    _outbox: "queue.Queue[_Ready | None]" = field(default_factory=lambda: queue.Queue(1))
    _threads: list[threading.Thread] = field(default_factory=list[threading.Thread])
    _bytes: int = 0
    _ahead: list[int] = field(default_factory=list[int])  # requests in the groups that are ready or merging
    _together: int = 1  # requests in the last group
    _closed: bool = True
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        """Start the decoding and the writing threads."""
        self._closed = False
        works = (self._decode_all, *[self._write_all] * WRITERS)
        self._threads = [threading.Thread(target=work, name=f"intake-{work.__name__}", daemon=True) for work in works]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Take no more requests, finish those that were taken, and return."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._inbox.put(None)
        for thread in self._threads:
            thread.join()

    async def submit(self, request: Request) -> Receipt:
        """Return the receipt once the records are durable.

        Raises Refused for a body that cannot be read, TryAgain if too much waits, and what the commit raises.
        """
        return await asyncio.wrap_future(self.put(request))

    def put(self, request: Request) -> "Future[Receipt]":
        """Queue a request; its future is answered from the writing thread."""
        job = _Job(request, Future())
        with self._lock:
            if self._closed or self._bytes + len(request.content) > max(BYTES, len(request.content)):
                raise TryAgain("The intake is full or stopping", todo="Send the same request again in a second")
            try:
                self._inbox.put_nowait(job)
            except queue.Full as error:
                raise TryAgain("The intake is full", todo="Send the same request again in a second") from error
            self._bytes += len(request.content)
        return job.answer

    def waiting(self) -> int:
        """Return how many requests wait."""
        return self._inbox.qsize()

    def _decode_all(self) -> None:
        ended = False
        # The pools' futures take whatever cleaning and committing raise to those who wait for it.
        with ThreadPoolExecutor(1, "intake-clean") as pool:
            while not ended:
                jobs, ended = self._gather()
                for ready in self._groups(jobs):
                    self._prepared(ready, pool)
        for _ in range(WRITERS):
            self._outbox.put(None)

    def _prepared(self, ready: _Ready, pool: ThreadPoolExecutor) -> None:
        if len(ready.batches) == 1:
            done = pool.submit(self.prepare, ready.batches[0])
            if (error := done.exception()) is not None:
                if len(ready.jobs) == 1 or isinstance(error, TryAgain):
                    _fail(ready.jobs, error)
                    return
                for alone in _each(ready):  # what one request brought must not keep the others out
                    self._prepared(alone, pool)
                return
            ready.commit = done.result()
        self._in_turn(ready.batches[0])
        self._ahead.append(len(ready.jobs))
        self._outbox.put(ready)

    def _in_turn(self, batch: Batch) -> None:
        """Wait where two writers could turn the order round: a patch falls on what came before it, and on nothing else.

        Of a type with a patch under way, nothing else is; batches that replace may enter side by side.
        """
        with self._settled:
            of = batch.type
            self._settled.wait_for(lambda: not self._flying[of] or not (batch.mode == "patch" or of in self._patched))
            self._flying[of] += 1
            if batch.mode == "patch":
                self._patched.add(of)

    def _landed(self, batch: Batch) -> None:
        with self._settled:
            self._flying[batch.type] -= 1
            if batch.mode == "patch":
                self._patched.discard(batch.type)
            self._settled.notify_all()

    def _gather(self) -> tuple[list[_Job], bool]:
        """Wait for a request, and take along those that come before the group closes."""
        found: list[_Job | None] = [self._inbox.get()]
        while found[-1] is not None and len(found) < MANY:
            if self._take(found, 0):
                continue
            if self._alone() or _bytes_of(found) >= ENOUGH or not (self._take(found, QUIET) or self._waits(found)):
                break
        jobs = [job for job in found if job is not None]
        self._together = len(jobs)
        with self._lock:
            self._bytes -= _bytes_of(jobs)
        return jobs, found[-1] is None

    def _take(self, found: "list[_Job | None]", seconds: float) -> bool:
        """Add the next request that comes within the time; return whether one came."""
        try:
            found.append(self._inbox.get(timeout=seconds) if seconds else self._inbox.get_nowait())
        except queue.Empty:
            return False
        return True

    def _alone(self) -> bool:
        """Whether nothing is merging, and the last request came alone too."""
        return not self._ahead and self._together == 1

    def _waits(self, found: "list[_Job | None]") -> bool:
        """Whether closing the group now gains nothing: one is ready before it, or it is small beside what merges."""
        ahead = list(self._ahead)
        return len(ahead) > 1 or (len(ahead) == 1 and len(found) * 2 < ahead[0])

    def _groups(self, jobs: Iterable[_Job]) -> Iterable[_Ready]:
        """Yield decoded groups of requests that agree in type, mode and format, in the order they came."""
        kinds: dict[tuple[str, ...], list[_Job]] = {}
        for job in jobs:
            if job.answer.set_running_or_notify_cancel():
                kinds.setdefault(job.request.group(), []).append(job)
        for group in kinds.values():
            maker = _Maker(self.contract)
            yield from maker.made(group)

    def _write_all(self) -> None:
        with ThreadPoolExecutor(1, "intake-commit") as pool:
            while (ready := self._outbox.get()) is not None:
                done = pool.submit(self._written, ready)
                error = done.exception()
                self._landed(ready.batches[0])
                self._ahead.remove(len(ready.jobs))
                if isinstance(error, PartsFailed) and len(ready.jobs) > 1:
                    _answer(ready.jobs, error.outcomes)
                elif error is not None:
                    _fail(ready.jobs, error)
                else:
                    _answer(ready.jobs, done.result())

    def _written(self, ready: _Ready) -> list[Receipt]:
        if ready.commit is not None:
            return ready.commit()
        whole: Receipt | None = None
        for batch in ready.batches:
            following = batch if whole is None or whole.first is None else with_first_seq(batch, whole.first)
            receipt = self.prepare(following)()[0]
            whole = receipt if whole is None else whole.plus(receipt)
        return [whole or Receipt()]


def _answer(jobs: list[_Job], outcomes: Sequence[Receipt | KhueError]) -> None:
    for job, outcome in zip(jobs, outcomes, strict=True):
        if isinstance(outcome, KhueError):
            job.answer.set_exception(outcome)
        else:
            job.answer.set_result(outcome)


def _each(ready: _Ready) -> Iterable[_Ready]:
    """Yield each request of a group as a group of its own."""
    (batch,) = ready.batches
    for job, part in zip(ready.jobs, batch.parts, strict=True):
        frame = numbered([batch.frame.slice(part.start, part.end - part.start)])
        alone = replace(part, start=0, end=frame.height)
        yield _Ready([replace(batch, frame=frame, parts=(alone,))], [job])


def _bytes_of(jobs: "Sequence[_Job | None]") -> int:
    return sum(len(job.request.content) for job in jobs if job is not None)


def _fail(jobs: list[_Job], error: BaseException) -> None:
    for job in jobs:
        job.answer.set_exception(error)


@dataclass
class _Maker:
    """Decodes the requests of one kind and cuts them into batches."""

    contract: Callable[[str], Contract]
    frames: list[pl.DataFrame] = field(default_factory=list[pl.DataFrame])
    entities: list[Any] = field(default_factory=list[Any])
    jobs: list[_Job] = field(default_factory=list[_Job])
    ids: set[str] = field(default_factory=set[str])
    shape: Shape | None = None

    def made(self, jobs: list[_Job]) -> Iterable[_Ready]:
        """Yield batches; a request that cannot be read is answered at once and harms nobody."""
        for job in jobs:
            try:
                yield from self._add(job)
            except KhueError as error:
                job.answer.set_exception(error)
            except ODD as error:
                job.answer.set_exception(Refused("The body cannot be read", why=f"{type(error).__name__}: {error}"))
        yield from self._close()

    def _add(self, job: _Job) -> Iterable[_Ready]:
        request = job.request
        contract = self.contract(request.type)
        if request.format == "ngsi-ld":
            entities = request.entities()
            ids = ids_of(request, entities)
            size, frame, shape = len(entities), None, Shape(unnamed_source(contract), contract)
        else:
            entities, ids = [], set[str]()
            frame, source = request.frame(contract)
            size, shape = frame.height, Shape(source, contract)
        if not size:
            raise Refused("The request holds no records")
        yield from self._room(size, ids, job, shape)
        self.shape = shape
        if frame is None:
            self.entities += entities
            self.ids |= ids
        else:
            self.frames.append(frame)
        job.size = size
        self.jobs.append(job)
        if size > RECORDS:
            yield from self._close()

    def _room(self, size: int, ids: set[str], job: _Job, shape: Shape) -> Iterable[_Ready]:
        """Close the batch where the request does not fit: too many records, an id twice in a patch, another source."""
        before = sum(one.size for one in self.jobs)
        twice = job.request.mode == "patch" and bool(self.ids & ids)
        other = self.shape is not None and self.shape.source != shape.source
        if before and (before + size > RECORDS or twice or other):
            yield from self._close()

    def _close(self) -> Iterable[_Ready]:
        jobs, shape = self.jobs, self.shape
        entities, frames = self.entities, self.frames
        self.frames, self.entities, self.jobs, self.ids, self.shape = [], [], [], set(), None
        if not jobs or shape is None:
            return
        try:
            batch = _batch(jobs, shape, entities, frames)
        except ODD as error:
            for job in jobs:
                job.answer.set_exception(Refused("The bodies cannot be read together", why=str(error)))
            return
        yield _Ready(list(_cut(batch)), jobs)


def _batch(jobs: list[_Job], shape: Shape, entities: list[Any], frames: list[pl.DataFrame]) -> Batch:
    """Return one batch with a part for each job."""
    request = jobs[0].request
    frame = numbered(frames) if frames else entity_records(entities, shape.contract, request.mode)
    profile: dict[str, Any] = {"format": request.format, "mode": request.mode, "source": shape.source.name}
    profile |= {"date_order": shape.source.date_order, "zone": shape.source.zone}
    profile["declared"] = request.source is not None
    if request.source is None:
        profile["columns"] = dict(shape.source.columns)
    starts = [0, *accumulate(job.size for job in jobs)]
    parts = tuple(job.request.part(start, start + job.size) for job, start in zip(jobs, starts, strict=False))
    return replace(batch_of(frame, shape, parts, profile), mode=request.mode)


def _cut(batch: Batch) -> Iterable[Batch]:
    """Cut the batch of one large request into batches of RECORDS; the first holds the bytes."""
    if batch.frame.height <= RECORDS:
        yield batch
        return
    part = batch.parts[0]
    for number, frame in enumerate(batch.frame.iter_slices(RECORDS)):
        position = None
        if part.position is not None:
            position = part.position if number == 0 else Position(f"{part.position.key}:{number}")
        raw = part.raw if number == 0 else replace(part.raw, content=b"")
        about = {**part.about, "rows": [int(frame[ROW][0]), int(frame[ROW][-1])]}  # which of the body's are this one's
        one = replace(part, start=0, end=frame.height, raw=raw, position=position, about=about)
        profile = {**batch.profile, "records": [number * RECORDS, number * RECORDS + frame.height]}
        yield replace(batch, frame=numbered([frame]), parts=(one,), profile=profile)
