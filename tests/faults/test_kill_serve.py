"""A running city whose parts are killed: clients send again, and what was acknowledged is there exactly once."""

from collections.abc import Callable

import pytest
from tests.faults.city import Served, gone, wait_until
from tests.faults.crowd import Crowd

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


def test_children_of_a_killed_serve_end_and_the_next_one_finds_or_makes_one_server(serve: Start) -> None:
    served = serve().wait()
    server = served.city.postmaster()
    children = [child for child in (served.child("web"), served.child("worker")) if child]
    assert server
    assert len(children) == 2
    served.process.kill()
    served.process.wait()
    wait_until(lambda: gone(children), 30, "the end of the children")
    again = serve().wait()
    # The last child out stops the server if nobody holds it: the next serve adopts what still runs, else starts anew.
    after = again.city.postmaster()
    assert after
    assert after == server or gone([server])
    again.process.terminate()
    assert again.process.wait(30) == 0
    assert gone([server, after])


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
