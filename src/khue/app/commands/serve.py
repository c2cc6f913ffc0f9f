"""`khue serve`, and the processes that it keeps: `khue web`, `khue public` and `khue worker`."""

import signal
import socket
import threading
import time
from collections.abc import Callable
from types import FrameType

import click

from khue.app.children import Child, Children, end_with_parent
from khue.app.opened import opened, prepared
from khue.app.public_process import run_public
from khue.app.settings import Settings, public_environment, read_settings
from khue.app.web_process import run_web
from khue.app.worker_process import run_worker
from khue.contract.errors import Misconfigured
from khue.ledger.database import Database

PIPE = click.option("--parent-pipe", type=int, hidden=True, help="end when this pipe closes")


def say(text: str) -> None:
    """Print one line of progress."""
    click.echo(text, err=True)


@click.command()
def serve() -> None:
    """Run everything on this machine: database, pages, worker. Ctrl C or SIGTERM stops it cleanly."""
    settings = read_settings()
    began = time.monotonic()
    listening = _listen(settings)
    say(f"Khuê: data in {settings.database_url and 'the given PostgreSQL, files in '}{settings.data}")
    with prepared(settings, say) as database, listening, _loopback() as open_door:
        children = Children(_children(settings, database, listening, open_door), say)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _setting(children.stopping))
        address = f"http://{settings.host}:{settings.port}"
        announcer = threading.Thread(target=_announce, args=(settings, address, began, children), daemon=True)
        announcer.start()
        children.keep()
        say("Khuê: stopped")


def _children(
    settings: Settings, database: Database, listening: socket.socket, open_door: socket.socket
) -> list[Child]:
    fd, public_fd = listening.fileno(), open_door.fileno()
    command = ("web", "--fd", str(fd), "--public-port", str(open_door.getsockname()[1]))
    public = ("public", "--fd", str(public_fd))
    return [
        *(Child(f"web {n + 1}", command, (fd,)) for n in range(settings.web_workers)),
        Child("public", public, (public_fd,), public_environment(database.public)),
        Child("worker", ("worker",)),
    ]


def _loopback() -> socket.socket:
    """Return a socket that listens on a free port of this machine, where the web process reaches the public's."""
    door = socket.create_server(("127.0.0.1", 0), backlog=256)
    door.set_inheritable(True)
    return door


@click.command()
@click.option("--fd", type=int, required=True, help="listening socket handed over by `khue serve`")
@PIPE
def public(fd: int, parent_pipe: int | None) -> None:
    """Serve the open datasets with the public's login alone; started by `khue serve`."""
    if parent_pipe is not None:
        end_with_parent(parent_pipe)
    _stopping()
    run_public(read_settings(), fd)


@click.command()
@click.option("--fd", type=int, default=None, help="listening socket handed over by `khue serve`")
@click.option("--public-port", type=int, default=None, help="where `khue public` listens")
@PIPE
def web(fd: int | None, public_port: int | None, parent_pipe: int | None) -> None:
    """Serve the pages and doors only; the database must be there (see `khue serve`)."""
    if parent_pipe is not None:
        end_with_parent(parent_pipe)
    stopping = _stopping()
    with opened(read_settings()) as house:
        if not stopping.is_set():
            run_web(house, fd, public_port)


@click.command()
@PIPE
def worker(parent_pipe: int | None) -> None:
    """Follow the log, run the sources and the schedules; the database must be there (see `khue serve`)."""
    if parent_pipe is not None:
        end_with_parent(parent_pipe)
    stopping = _stopping()
    with opened(read_settings()) as house:
        run_worker(house, stopping, say)


def _stopping() -> threading.Event:
    """Return what a signal to stop sets.

    The server of the pages raises the signal once more when it has ended; then it only sets this again, and the house
    is closed in order.
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _setting(stopping))
    return stopping


def _setting(stopping: threading.Event) -> Callable[[int, FrameType | None], None]:
    """Return a signal handler that asks for a clean stop."""

    def handler(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    return handler


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        raise Misconfigured(
            f"Port {settings.port} on {settings.host} cannot be used ({error.strerror})",
            where="KHUE_PORT",
            todo="stop what uses it, or choose another: KHUE_PORT=8080 make run",
        ) from error
    listening.listen(1024)
    listening.set_inheritable(True)
    return listening


def _announce(settings: Settings, address: str, began: float, children: Children) -> None:
    """Say once that the pages answer."""
    while not children.stopping.wait(0.2):
        try:
            with socket.create_connection((settings.host, settings.port), 1) as link:
                link.settimeout(5)
                link.sendall(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                if b" 200 " in link.recv(64):
                    say(f"Khuê: open {address} (ready in {time.monotonic() - began:.1f} s)")
                    return
        except OSError:
            continue
