import threading

from tests.ledger.build import cleaned, contract, record

from khue.ledger.commit import Ledger
from khue.ledger.follow import advance, after, conclude, cursor, fail, resume
from khue.ledger.install import install

GAUGE, ALERT = contract(), contract("case", name="alert")


def test_conclusions_and_cursor_move_together_and_are_not_given_back(ledger: Ledger) -> None:
    install(ledger, [GAUGE, ALERT])
    (receipt,) = ledger.commit(cleaned(GAUGE, [record("a", 1, rain=9.0)]))
    assert [commit.seq for commit in after(ledger, "alerts", ["gauge", "alert"])] == [receipt.first]
    concluded = cleaned(ALERT, [record("a", 1, rain=9.0)], position="alerts:3")
    (made,) = conclude(ledger, "alerts", 3, concluded)
    assert cursor(ledger, "alerts").seq == 3
    assert after(ledger, "alerts", ["gauge", "alert"]) == []
    assert [commit.seq for commit in after(ledger, "others", ["alert"])] == [made.first]
    assert conclude(ledger, "alerts", 4, concluded)[0].again
    assert cursor(ledger, "alerts").seq == 4


def test_a_follower_that_raises_three_times_on_a_commit_stops_there(ledger: Ledger) -> None:
    install(ledger, [GAUGE])
    ledger.commit(cleaned(GAUGE, [record("a", 1)]))
    assert [fail(ledger, "alerts", 2, "đứt") for _ in range(3)] == [False, False, True]
    assert after(ledger, "alerts", []) == []
    resume(ledger, "alerts")
    assert [commit.seq for commit in after(ledger, "alerts", ["gauge"])] == [2]
    advance(ledger, "alerts", 2)
    assert after(ledger, "alerts", ["gauge"]) == []


def test_a_polling_reader_never_skips_while_writers_run(ledger: Ledger) -> None:
    install(ledger, [GAUGE])
    writers = [
        threading.Thread(
            target=lambda n=n: [ledger.commit(cleaned(GAUGE, [record(f"{n}", k, rain=1.0)])) for k in range(25)]
        )
        for n in range(3)
    ]
    for thread in writers:
        thread.start()
    seen: list[int] = []
    while len(seen) < 75:
        for commit in after(ledger, "reader", ["gauge"], 10):
            seen.append(commit.seq)
            advance(ledger, "reader", commit.seq)
    for thread in writers:
        thread.join()
    assert seen == list(range(2, 77))
