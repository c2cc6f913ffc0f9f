import psycopg
import pytest
from tests.ledger.build import cleaned, contract, record

from khue.ledger.commit import Ledger
from khue.ledger.install import install

GAUGE = contract()


def rows(ledger: Ledger, query: str) -> list[tuple]:
    with psycopg.connect(ledger.database.owner) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.both_servers
def test_a_batch_goes_to_history_and_its_latest_rows_to_state(ledger: Ledger) -> None:
    install(ledger, [GAUGE])
    receipts = ledger.commit(
        cleaned(GAUGE, [record("a", 1, rain=1.5), record("a", 3, rain=2.0), record("a", 2, rain=9.0)])
    )
    assert [(r.received, r.clean, r.unchanged) for r in receipts] == [(3, 3, 0)]
    assert rows(ledger, "select rain from state.gauge") == [(2.0,)]
    assert rows(ledger, "select rain from history.gauge order by _record") == [(1.5,), (2.0,), (9.0,)]
