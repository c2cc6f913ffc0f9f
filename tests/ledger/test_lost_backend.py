"""A commit whose PostgreSQL process is killed in its middle never was, and the same commit succeeds afterwards."""

import psycopg
import pytest
from tests.ledger.build import cleaned, contract, record

from khue.contract.errors import TryAgain
from khue.ledger.commit import Ledger
from khue.ledger.install import install
from khue.ledger.verify import verify
from khue.ledger.writer import Writer

GAUGE = contract()


def everything(ledger: Ledger) -> list[tuple[int, ...]]:
    with psycopg.connect(ledger.database.owner) as connection:
        tables = ("khue.commit", "khue.raw", "history.gauge", "state.gauge", "khue.quarantine")
        counts = ", ".join(f"(select count(*) from {table})" for table in tables)
        return connection.execute(f"select seq, {counts} from khue.head".encode()).fetchall()


@pytest.mark.both_servers
def test_a_killed_backend_leaves_nothing_and_the_same_commit_succeeds_later(ledger: Ledger) -> None:
    install(ledger, [GAUGE])
    ledger.commit(cleaned(GAUGE, [record("a", 1, rain=1.0)]))
    batch = cleaned(GAUGE, [record("a", 2, rain=2.0), record("b", 2, rejected=True)], position="file")
    before = everything(ledger)

    def kill(writer: Writer) -> None:
        """All rows are written and the lock is held: only the COMMIT is missing."""
        ((backend,),) = writer.rows("select pg_backend_pid()")
        with psycopg.connect(ledger.database.owner, autocommit=True) as other:
            assert other.execute("select pg_terminate_backend(%s, 10000)", (backend,)).fetchone() == (True,)

    for _ in range(2):
        with pytest.raises(TryAgain):
            ledger.commit(batch, also=kill)
        assert everything(ledger) == before
    (receipt,) = ledger.commit(batch)
    assert (receipt.again, receipt.clean, receipt.rejected) == (False, 1, 1)
    assert verify(ledger.database) == []
