"""Concurrent requests share a batch, each has its own receipt, and a bad one harms nobody."""

import asyncio
import threading

import orjson
import pytest

from khue.contract.errors import Refused, TryAgain
from khue.contract.receipt import Receipt
from khue.intake.group import GroupCommit
from khue.intake.request import Request
from khue.ledger.commit import PartsFailed


class Room:
    """A ledger that remembers what it was given; `gate` holds it back."""

    def __init__(self):
        self.batches = []
        self.gate = threading.Event()
        self.gate.set()

    def prepare(self, batch):
        return lambda: self.commit(batch)

    def commit(self, batch):
        self.gate.wait(20)
        self.batches.append(batch)
        seq = len(self.batches)
        return [Receipt(part.end - part.start, part.end - part.start, first=seq, last=seq) for part in batch.parts]


@pytest.fixture
def room():
    return Room()


@pytest.fixture
def group(room, air):
    made = GroupCommit(room.prepare, lambda _: air)
    made.start()
    yield made
    room.gate.set()
    made.stop()


def entity(number, **more):
    return orjson.dumps({"id": f"urn:ngsi-ld:AirQualityObserved:{number}", "station": str(number), "co": 1, **more})


def answers(group, requests):
    async def all_of_them():
        return await asyncio.gather(*(group.submit(each) for each in requests), return_exceptions=True)

    return asyncio.run(all_of_them())


def test_requests_that_wait_become_parts_of_one_batch(group, room):
    room.gate.clear()
    threading.Timer(0.2, room.gate.set).start()
    found = answers(group, [Request("air", entity(n), "ngsi-ld") for n in range(200)])
    assert all(receipt.received == 1 for receipt in found)
    assert len(room.batches) < 20
    assert sum(batch.frame.height for batch in room.batches) == 200
    for batch in room.batches:
        ends = [part.end for part in batch.parts]
        assert [part.start for part in batch.parts] == [0, *ends[:-1]]
        for part in batch.parts:
            assert orjson.loads(part.raw.content)["station"] == batch.frame["station"][part.start]


def test_one_bad_body_is_refused_alone(group):
    bodies = [entity(1), b"{bad", entity(2), b"[]", b"\xff\xfe\x00"]
    found = answers(group, [Request("air", body, "ngsi-ld") for body in bodies])
    assert [isinstance(one, Refused) for one in found] == [False, True, False, True, True]


def test_what_one_request_makes_clean_or_ledger_refuse_harms_no_other(room, air):
    def prepare(batch):
        if "clean" in batch.frame["station"].to_list():
            raise ValueError("cannot be cleaned")
        return lambda: commit(batch)

    def commit(batch):
        receipts = room.commit(batch)
        bad = batch.frame["station"].to_list()
        if "ledger" not in bad:
            return receipts
        if len(receipts) == 1:
            raise Refused("cannot be written")
        outcomes = zip(batch.parts, receipts, strict=True)
        raise PartsFailed([Refused("no") if bad[part.start] == "ledger" else one for part, one in outcomes])

    group = GroupCommit(prepare, lambda _: air)
    names = ["a", "ledger", "b", "clean", "c", "ledger"]
    room.gate.clear()
    group.start()
    waiting = [group.put(Request("air", entity(name), "ngsi-ld")) for name in ["first", *names]]
    room.gate.set()
    found = [each.exception(20) for each in waiting]
    group.stop()
    assert [type(error) for error in found] == [
        type(None), type(None), Refused, type(None), ValueError, type(None), Refused
    ]  # fmt: skip


def test_a_patch_batch_holds_an_id_once(group, room):
    requests = [
        Request("air", b'{"co": %d}' % n, "ngsi-ld", "patch", entity=f"urn:ngsi-ld:AirQualityObserved:{n % 2}")
        for n in range(6)
    ]
    assert all(receipt.received == 1 for receipt in answers(group, requests))
    for batch in room.batches:
        assert batch.frame["_id"].n_unique() == batch.frame.height
        assert batch.mode == "patch"


def test_a_large_request_is_cut_and_its_first_commit_holds_the_bytes(group, room):
    content = b"station,at,co\n" + b"a,2026,1\n" * 25_000
    (receipt,) = answers(group, [Request("air", content, "csv", key="k")])
    assert (receipt.received, receipt.first, receipt.last) == (25_000, 1, 3)
    assert [batch.parts[0].position.key for batch in room.batches] == ["air:k", "air:k:1", "air:k:2"]
    assert [batch.parts[0].raw.of for batch in room.batches] == [None, 1, 1]


def test_what_the_commit_raises_reaches_those_who_wait(air):
    def prepare(_batch):
        raise TryAgain("The disk is full")

    group = GroupCommit(prepare, lambda _: air)
    group.start()
    found = answers(group, [Request("air", entity(1), "ngsi-ld")])
    group.stop()
    assert isinstance(found[0], TryAgain)


def test_too_much_waiting_is_told_to_come_again(group, room):
    room.gate.clear()
    taken, refused = [], 0
    for number in range(3_000):
        try:
            taken.append(group.put(Request("air", entity(number), "ngsi-ld")))
        except TryAgain:
            refused += 1
    room.gate.set()
    assert refused > 0
    assert all(one.result(20).received == 1 for one in taken)


def test_stopping_finishes_what_was_taken_and_takes_no_more(air, room):
    group = GroupCommit(room.prepare, lambda _: air)
    group.start()
    waiting = [group.put(Request("air", entity(n), "ngsi-ld")) for n in range(50)]
    group.stop()
    assert all(one.done() for one in waiting)
    with pytest.raises(TryAgain):
        group.put(Request("air", entity(1), "ngsi-ld"))
