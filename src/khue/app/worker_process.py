"""The worker: the sources that are fetched, the followers, and what is done once a day."""

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from khue.app.followers import follow, followers
from khue.app.forgetting import forget_due
from khue.app.live import Live
from khue.app.opened import Opened
from khue.contract.errors import KhueError

DAILY_AT = 2  # o'clock in the city's zone, when the city is quiet
BEAT = 1.0


@dataclass
class Rounds:
    """One thread that does one thing again and again; a failure is said, and tried again later, alone."""

    name: str
    every: float
    work: Callable[[], object]
    say: Callable[[str], None]
    failures: int = field(default=0)

    def run(self, stopping: threading.Event) -> None:
        """Work until `stopping` is set; the pause grows while it fails, to a minute at the most."""
        while not stopping.is_set():
            try:
                self.work()
                self.failures = 0
            except KhueError as error:
                self.failures += 1
                self.say(f"{self.name}: {error.sentence()}")
            stopping.wait(min(60.0, self.every * 2**self.failures))


def run_worker(house: Opened, stopping: threading.Event, say: Callable[[str], None]) -> None:
    """Run every source, follower and schedule in a thread of its own, so that none delays another."""
    failed = _ending_all(stopping)
    live = Live(house, say)
    live.prepare()
    rounds = [
        Rounds(source.name, house.settings.live_seconds, partial(live.round, source), say) for source in live.sources
    ]
    rounds += [Rounds(each.name, BEAT, partial(follow, house, each, say), say) for each in followers(house)]
    rounds.append(Rounds("daily", BEAT * 60, Daily(house, say).look, say))
    threads = [threading.Thread(target=each.run, args=(stopping,), name=each.name, daemon=True) for each in rounds]
    for thread in threads:
        thread.start()
    stopping.wait()
    for thread in threads:
        thread.join(timeout=10)
    if failed.is_set():
        sys.exit(1)


def _ending_all(stopping: threading.Event) -> threading.Event:
    """Let a thread that fails as nobody foresaw end the process, which `khue serve` starts again; none dies unheard."""
    failed, told = threading.Event(), threading.excepthook

    def hook(caught: threading.ExceptHookArgs) -> None:
        told(caught)
        failed.set()
        stopping.set()

    threading.excepthook = hook
    return failed


@dataclass
class Daily:
    """What is done once a day: records whose time is over are forgotten, as their contracts say."""

    house: Opened
    say: Callable[[str], None]
    done: date | None = None

    def look(self) -> None:
        """Do the day's work if its hour has come and it is not done."""
        now = self.house.clock()
        if self.done != now.date() and now.hour >= DAILY_AT:
            for said in forget_due(self.house):
                self.say(said)
            self.done = now.date()
