"""A running city whose parts are killed: clients send again, and what was acknowledged is there exactly once."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

import httpx
import pytest
from tests.faults.city import Served, gone, wait_until

from khue.ledger.database import connect

CLIENTS = 4
IN_RECORD = "select station, count(*)::int from history.rain_gauge group by station"
IN_STATE = "select count(*)::int from state.rain_gauge"


@dataclass
class Client:
    """Sends single records and batches, each with a key of its own, again and again until it is answered."""

    number: int
    address: str
    stopping: threading.Event
    acknowledged: list[str] = field(default_factory=list[str])
    retries: int = 0
    odd: list[str] = field(default_factory=list[str])

    def run(self) -> None:
        with httpx.Client(base_url=self.address, timeout=30) as http:
            sent = 0
            while not self.stopping.is_set():
                size = 1 if sent % 3 else 50
                names = [f"Trạm {self.number}-{sent}-{n}" for n in range(size)]
                self.send(http, f"client {self.number} request {sent}", names)
                sent += 1

    def send(self, http: httpx.Client, key: str, names: list[str]) -> None:
        day = (date(2024, 1, 1) + timedelta(days=self.number)).isoformat()
        records = [{"station": name, "observed_on": day, "precipitation": 1.5} for name in names]
        while True:
            try:
                answer = http.post("/api/v1/ingest/rain_gauge", json=records, headers={"Idempotency-Key": key})
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code in (200, 201):
                self.acknowledged += names
                return
            if answer is not None and answer.status_code != 503:
                self.odd.append(f"{answer.status_code} {answer.text[:300]}")
                return
            self.retries += 1
            self.stopping.wait(0.1)
            if self.stopping.is_set():
                return


@dataclass
class Crowd:
    """Clients in threads; `grown` waits until every one of them was answered some more."""

    served: Served
    clients: list[Client] = field(default_factory=list[Client])
    stopping: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Crowd":
        self.clients = [Client(n, self.served.address, self.stopping) for n in range(CLIENTS)]
        self.threads = [threading.Thread(target=client.run, daemon=True) for client in self.clients]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)

    def grown(self, by: int = 60) -> None:
        before = [len(client.acknowledged) for client in self.clients]
        wait_until(
            lambda: all(len(c.acknowledged) >= b + by for c, b in zip(self.clients, before, strict=True)),
            90, "an answer to every client",
        )  # fmt: skip

    def require_once(self, owner_address: str) -> None:
        """Everything acknowledged is in the record, and nothing is in it twice."""
        assert [client.odd for client in self.clients] == [[] for _ in self.clients]
        with connect(owner_address) as owner:
            found = dict(owner.execute(IN_RECORD).fetchall())
            state = owner.execute(IN_STATE).fetchone()
        assert not {name for client in self.clients for name in client.acknowledged} - found.keys()
        assert set(found.values()) == {1}
        assert state == (len(found),)


Start = Callable[[], Served]


def test_clients_send_again_while_parts_are_killed_and_all_acknowledged_is_there_once(serve: Start) -> None:
    served = serve().wait()
    with Crowd(served) as crowd:
        crowd.grown()
        web = served.child("web")
        assert web is not None
        web.kill()
        crowd.grown()
        served.wait()
        assert served.city.kill_server()
        crowd.grown()
        served.wait()
        assert served.city.kill_server(sessions=True)
        crowd.grown()
        served.wait()
    with served.city.kept() as database:
        crowd.require_once(database.owner)
    assert sum(client.retries for client in crowd.clients) > 0
    served.city.require_whole()
    assert "PostgreSQL does not answer" in served.said()


def test_sigterm_stops_everything_and_leaves_nobody(serve: Start) -> None:
    served = serve().wait()
    everybody = served.everybody()
    assert len(everybody) > 4
    served.process.terminate()
    assert served.process.wait(30) == 0, served.said()
    wait_until(lambda: gone(everybody), 20, "an empty house")
    assert served.city.postmaster() is None
    assert "stopped" in served.said()
    assert "Traceback" not in served.said()


def test_children_of_a_killed_serve_end_and_the_next_one_adopts_its_server(serve: Start) -> None:
    served = serve().wait()
    server = served.city.postmaster()
    children = [child for child in (served.child("web"), served.child("worker")) if child]
    assert server
    assert len(children) == 2
    served.process.kill()
    served.process.wait()
    wait_until(lambda: gone(children), 30, "the end of the children")
    again = serve().wait()
    assert again.city.postmaster() == server
    again.process.terminate()
    assert again.process.wait(30) == 0
    assert gone([server])


def test_a_second_serve_is_refused_with_the_reason(serve: Start) -> None:
    first = serve().wait()
    second = serve()
    assert second.process.wait(60) == 2
    assert "Another `khue serve` runs on this data folder" in second.said()
    assert first.ready()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104  refused, never bound
def test_another_address_than_this_machine_is_refused_with_the_reason(serve: Start, host: str) -> None:
    made = serve().own
    made.more = {**made.more, "KHUE_HOST": host}
    done = made.khue("serve")
    assert done.returncode == 3
    assert "does not serve on" in done.stderr
    assert "whoever reaches the port may do everything" in done.stderr
