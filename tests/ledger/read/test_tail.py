"""The tail of the log: every stream, every commit, once and in order, whatever happens to the connection."""

import asyncio

import psycopg
import pytest

from khue.ledger.read import Reader

pytestmark = pytest.mark.anyio


async def follow(reader: Reader, after: int, until: int) -> list[int]:
    seen = []
    async for commit in reader.tail(after):
        seen.append(commit.seq)
        if commit.seq >= until:
            break
    return seen


async def test_every_stream_gets_every_commit_once_and_in_order(write, reader: Reader) -> None:
    for _ in range(3):
        write.commit({"_id": "a"})
    async with asyncio.timeout(60):
        streams = [asyncio.create_task(follow(reader, after, 6)) for after in (0, 1, 3, 3)]
        await follow(reader, 0, 3)
        for _ in range(3):
            await asyncio.to_thread(write.commit, {"_id": "a"})
        seen = await asyncio.gather(*streams)
    assert seen == [[1, 2, 3, 4, 5, 6], [2, 3, 4, 5, 6], [4, 5, 6], [4, 5, 6]]


async def test_a_seq_beyond_the_end_means_the_end(write, reader: Reader) -> None:
    async with asyncio.timeout(60):
        stream = asyncio.create_task(follow(reader, 1_000_000, 0))
        while not stream.done():
            await asyncio.to_thread(write.commit, {"_id": "a"})
            await asyncio.wait({stream}, timeout=0.1)
        assert len(await stream) == 1


async def test_a_commit_that_woke_nobody_is_found_by_asking(write, reader: Reader) -> None:
    write.commit({"_id": "a"})
    async with asyncio.timeout(60):
        stream = asyncio.create_task(follow(reader, 1, 2))
        await follow(reader, 0, 1)
        await asyncio.to_thread(lambda: write.commit({"_id": "a"}, source="silent"))
        assert await stream == [2]


async def test_a_stream_outlives_its_connection(write, reader: Reader, administrator) -> None:
    write.commit({"_id": "a"})
    async with asyncio.timeout(60):
        stream = asyncio.create_task(follow(reader, 1, 3))
        await follow(reader, 0, 1)
        with psycopg.connect(administrator.uri, autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where usename = 'khue_all' and datname = current_database()"
            )
        for _ in range(2):
            await asyncio.to_thread(write.commit, {"_id": "a"})
        assert await stream == [2, 3]
