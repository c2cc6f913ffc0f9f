"""The tail of the log for live pages: one connection a process, however many pages are open.

`NOTIFY` only wakes; each second the log itself is asked, and that is the truth.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable

import psycopg

from khue.contract.commit import Commit
from khue.ledger.database import Database

CHANNEL = "khue"
EVERY = 1.0  # seconds between polls
KEPT = 10_000  # commits in memory; a page that is further behind reads from the ledger until it is not
PAGE = 1_000

ReadAfter = Callable[[int, int], Awaitable[tuple[Commit, ...]]]
ReadHead = Callable[[], Awaitable[int]]


class Tail:
    """Follows the log once and hands each commit to every stream.

    `read_after(seq, limit)` reads commits after `seq` in order, `read_head()` the last seq.
    The first stream starts following, the last stops it.
    """

    def __init__(self, database: Database, read_after: ReadAfter, read_head: ReadHead) -> None:
        self._database, self._read_after, self._read_head = database, read_after, read_head
        self._kept: deque[Commit] = deque(maxlen=KEPT)
        self._last = 0
        self._changed = asyncio.Condition()
        self._starting = asyncio.Lock()
        self._streams = 0
        self._follower: asyncio.Task[None] | None = None

    async def after(self, seq: int) -> AsyncIterator[Commit]:
        """Yield each commit after `seq` in order, without end; a seq beyond the log's end means its end."""
        self._streams += 1
        try:
            await self._start()
            seq = min(seq, await self._read_head())
            while True:
                for commit in await self._next(seq):
                    seq = commit.seq
                    yield commit
        finally:
            self._streams -= 1
            if self._streams == 0:
                await self.stop()

    async def stop(self) -> None:
        """Stop following; a stream that is still open starts it again."""
        follower, self._follower = self._follower, None
        if follower is not None:
            follower.cancel()
            await asyncio.gather(follower, return_exceptions=True)

    async def _start(self) -> None:
        async with self._starting:
            if self._follower is None or self._follower.done():
                self._kept.clear()
                self._last = await self._read_head()
                self._follower = asyncio.create_task(self._follow())

    async def _next(self, seq: int) -> tuple[Commit, ...]:
        """Return the commits after `seq`, from memory or else from the ledger; wait for the first."""
        while True:
            if seq < self._last and (not self._kept or self._kept[0].seq > seq + 1):
                if read := await self._read_after(seq, PAGE):
                    return read
            elif found := self._newer(seq):
                return found
            await self._start()
            async with self._changed:
                if self._last <= seq:
                    await self._changed.wait()

    def _newer(self, seq: int) -> tuple[Commit, ...]:
        newer: list[Commit] = []
        for commit in reversed(self._kept):
            if commit.seq <= seq:
                break
            newer.append(commit)
        return tuple(reversed(newer))

    async def _follow(self) -> None:
        try:
            while True:
                try:
                    await self._listen()
                except psycopg.OperationalError:
                    await asyncio.sleep(EVERY)
        finally:  # whatever ended it, nobody waits for it in vain
            async with self._changed:
                self._changed.notify_all()

    async def _listen(self) -> None:
        address = self._database.address("all")
        async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
            await connection.execute(f"listen {CHANNEL}".encode())
            while True:
                await self._catch_up()
                async for _ in connection.notifies(timeout=EVERY, stop_after=1):
                    pass

    async def _catch_up(self) -> None:
        while commits := await self._read_after(self._last, PAGE):
            async with self._changed:
                self._kept.extend(commits)
                self._last = commits[-1].seq
                self._changed.notify_all()
