"""The child processes of `khue serve`: started, watched, restarted, stopped with it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

FIRST_PAUSE = 0.5  # seconds before a dead child is started again; doubled at each death, reset after CALM
LONGEST_PAUSE = 30.0
CALM = 60.0
GRACE = 15.0  # seconds that a child has to finish what it holds after SIGTERM


@dataclass
class Child:
    """One process that must always be there. `command` follows `khue`; `sockets` stay open in it."""

    name: str
    command: Sequence[str]
    sockets: tuple[int, ...] = ()
    environment: Mapping[str, str] | None = None  # None = this process's own
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float = 0.0
    pause: float = FIRST_PAUSE


@dataclass
class Children:
    """Keeps its children running until told to stop.

    Each child holds the reading end of a pipe whose writing end only this process has: when this process dies,
    even by kill -9, the pipe closes and the child ends (`end_with_parent`).
    """

    children: list[Child]
    say: Callable[[str], None]
    stopping: threading.Event = field(default_factory=threading.Event)
    _pipe: tuple[int, int] = field(default_factory=os.pipe)

    def keep(self) -> None:
        """Start the children and watch them until `stopping` is set."""
        try:
            while not self.stopping.is_set():
                for child in self.children:
                    self._watch(child)
                self.stopping.wait(0.5)
        finally:
            self.stop()

    def stop(self) -> None:
        """End every child: SIGTERM, and SIGKILL for one that has not finished after the time of grace."""
        living = [child.process for child in self.children if child.process and child.process.poll() is None]
        for process in living:
            process.send_signal(signal.SIGTERM)
        end = time.monotonic() + GRACE
        for process in living:
            try:
                process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _watch(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is not None and child.process.poll() is None:
            if now - child.started > CALM:
                child.pause = FIRST_PAUSE
            return
        if child.process is not None:
            self.say(f"{child.name} ended with code {child.process.returncode}; starting it again")
            child.process, child.due = None, now + child.pause
            child.pause = min(child.pause * 2, LONGEST_PAUSE)
        if now >= child.due:
            self._start(child, now)

    def _start(self, child: Child, now: float) -> None:
        reading = self._pipe[0]
        child.process = subprocess.Popen(  # noqa: S603  our own command
            [sys.executable, "-m", "khue.app.cli", *child.command, "--parent-pipe", str(reading)],
            pass_fds=(reading, *child.sockets),
            env=child.environment,
        )
        child.started = now


def end_with_parent(pipe: int) -> None:
    """End this process with SIGTERM when the pipe of `Children` closes, which is when its parent is gone."""

    def wait() -> None:
        os.read(pipe, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True, name="end-with-parent").start()
