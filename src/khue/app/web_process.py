"""The web process: pages and doors of all rooms, put together and served."""

import asyncio
import gc
import socket
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Any

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import BaseRoute

import khue
from khue.app.centre import HouseCentre
from khue.app.deciding import Desk
from khue.app.listening import listening
from khue.app.measuring import Measuring
from khue.app.opened import Opened
from khue.app.public_process import PublicDoor
from khue.clean.place import cells
from khue.contract.batch import Batch
from khue.contract.contract import Contract
from khue.contract.query import Query
from khue.contract.receipt import Receipt
from khue.contract.scope import EVERYTHING, Scope
from khue.intake.doors import Doors
from khue.intake.group import GroupCommit
from khue.intake.ngsild_doors import NgsiLdDoors
from khue.ledger.read import Reader
from khue.ledger.waiting import Selection, waiting
from khue.sharing import ngsi_ld, open_data
from khue.web.own_site import OwnSite
from khue.web.site import end_streams, site
from khue.web.view import SiteSettings

SWITCH_SECONDS = 0.0005  # Python's own 5 ms would let each answer of the database wait for the event loop


def run_web(house: Opened, fd: int | None, public_port: int | None = None) -> None:
    """Serve until SIGTERM: what was taken is finished first."""
    sys.setswitchinterval(SWITCH_SECONDS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(house, fd, public_port))


async def _serve(house: Opened, fd: int | None, public_port: int | None) -> None:
    async with application(house, public_port) as app:
        gc.freeze()  # what is here now stays: looking through it again cost a fifth of decoding a large request
        settings = house.settings
        hosts = [name.strip() for name in settings.hosts.split(",") if name.strip()]
        config = uvicorn.Config(
            OwnSite(app, hosts), host=settings.host, port=settings.port, loop="uvloop", http="httptools",
            lifespan="off", access_log=False, log_level="warning", timeout_graceful_shutdown=10, backlog=2048,
        )  # fmt: skip
        await _Server(config, app).serve(listening(fd))


class _Server(uvicorn.Server):
    """A server that ends the live lines of open pages before it waits for what is being answered."""

    def __init__(self, config: uvicorn.Config, app: Starlette) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, end what would never end, finish the rest."""
        end_streams(self._app)
        await super().shutdown(sockets)


@asynccontextmanager
async def application(house: Opened, public_port: int | None = None) -> AsyncGenerator[Starlette]:
    """Put the application together over an opened house; its readers and threads end with the context.

    Open data come from the public's process where there is one, else from here by the public's login.
    """
    door = PublicDoor(public_port) if public_port else None
    contracts = house.catalogue.contracts
    group = GroupCommit(partial(_prepare, house), house.cycle.contract)
    group.start()
    try:
        async with Reader(house.database, contracts, cells) as reader:
            desk = Desk(house.cycle, reader, house.catalogue, house.secret)
            measure = Measuring(house, reader, group.waiting)
            centre = HouseCentre(house.catalogue, reader, house.clock, house, desk, measure)
            settings = SiteSettings(house.secret, house.settings.data / "uploads", khue.__version__)
            opened_doors = door.routes() if door else open_data.routes(reader)
            yield site(centre, [*_routes(house, reader, group), *opened_doors], settings)
    finally:
        await asyncio.to_thread(group.stop)
        if door:
            await door.close()


def _routes(house: Opened, reader: Reader, group: GroupCommit) -> Sequence[BaseRoute]:
    doors = Doors(
        group,
        lambda: house.catalogue.contracts,
        partial(_existing, reader),
        partial(_reasons, reader),
        house.catalogue.sources,
        house.settings.ingest_key or None,
        clock=house.clock,
    )
    return [*doors.routes(), *NgsiLdDoors(doors).routes(), *ngsi_ld.routes(reader, _scope)]


def _prepare(house: Opened, batch: Batch) -> Callable[[], list[Receipt]]:
    return partial(house.cycle.commit, house.cycle.cleaned(batch))


def _scope(_: Request) -> Scope:
    """Until identity exists, whoever reaches the loopback port is the local operator."""
    return EVERYTHING


async def _existing(reader: Reader, type_name: str, ids: Sequence[str]) -> Mapping[str, datetime | None]:
    known: Mapping[str, Contract] = reader.contracts
    if type_name not in known:
        return {}
    query = Query(type_name, ids=tuple(ids), properties=(), limit=max(1, len(ids)))
    page = await reader.query(query, EVERYTHING)
    return {str(row["_id"]): row["_observed_at"] for row in page.rows}


async def _reasons(reader: Reader, seq: int) -> Sequence[Mapping[str, Any]]:
    """Return the quarantined records of one commit, for the sender."""
    found, _ = await waiting(reader, Selection(state=None, seq=seq, limit=100))
    return [{"id": q.id, "row": q.row, "action": q.action, "reasons": list(q.reasons)} for q in found]
