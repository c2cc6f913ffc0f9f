"""Clients of a running city that send again and again until they are answered."""

import threading
from dataclasses import dataclass, field
from datetime import date, timedelta

import httpx
from tests.faults.city import Served, wait_until

from khue.ledger.database import connect

CLIENTS = 4
IN_RECORD = """
select h.station, count(*)::int from history.rain_gauge h join khue.commit c on c.seq = h._seq where c.kind = 'data'
group by h.station
"""
IN_STATE = "select count(*)::int from state.rain_gauge"


@dataclass
class Client:
    """Sends single records and batches, each with a key of its own, again and again until it is answered."""

    number: int
    address: str
    stopping: threading.Event
    pause: float = 0.0  # seconds after each answer
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
                self.stopping.wait(self.pause)

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
    pause: float = 0.0
    clients: list[Client] = field(default_factory=list[Client])
    stopping: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Crowd":
        self.clients = [Client(n, self.served.address, self.stopping, self.pause) for n in range(CLIENTS)]
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
        """Everything acknowledged is in the record, and nothing came into it twice."""
        assert [client.odd for client in self.clients] == [[] for _ in self.clients]
        with connect(owner_address) as owner:
            found = dict(owner.execute(IN_RECORD).fetchall())
            state = owner.execute(IN_STATE).fetchone()
        assert not {name for client in self.clients for name in client.acknowledged} - found.keys()
        assert set(found.values()) == {1}
        assert state == (len(found),)
