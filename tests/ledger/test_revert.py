import psycopg
import pytest
from tests.ledger.build import cleaned, contract, record

from khue.contract.errors import Conflict
from khue.ledger.commit import Ledger
from khue.ledger.install import install
from khue.ledger.revert import revert
from khue.ledger.verify import verify

REGISTER, GAUGE = contract("register", name="station"), contract()


def state(ledger: Ledger, table: str) -> list[tuple]:
    with psycopg.connect(ledger.database.owner) as connection:
        return connection.execute(f"select station, rain from state.{table} where not _deleted order by 1").fetchall()


def test_what_was_before_stands_again_except_where_somebody_changed_it(ledger: Ledger) -> None:
    install(ledger, [REGISTER])
    ledger.commit(cleaned(REGISTER, [record("a", rain=1.0), record("b", rain=1.0)]))
    wrong = cleaned(
        REGISTER, [record(name, rain=9.0) for name in "abc"] + [record("d", rejected=True)], position="file"
    )
    (receipt,) = ledger.commit(wrong)
    ledger.commit(cleaned(REGISTER, [record("b", rain=5.0)]))
    undone = revert(ledger, receipt.first or 0, REGISTER, "tester", "nhầm tệp")
    assert state(ledger, "station") == [("a", 1.0), ("b", 5.0)]
    assert undone.kept == ("urn:ngsi-ld:WeatherObserved:b",)
    assert verify(ledger.database) == []
    with pytest.raises(Conflict):
        revert(ledger, receipt.first or 0, REGISTER, "tester", "lần nữa")
    (again,) = ledger.commit(wrong)
    assert not again.again
    assert state(ledger, "station")[0] == ("a", 9.0)


def test_a_measure_is_undone_reading_by_reading(ledger: Ledger) -> None:
    install(ledger, [GAUGE])
    ledger.commit(cleaned(GAUGE, [record("a", 1, rain=1.0), record("a", 2, rain=2.0)]))
    (receipt,) = ledger.commit(cleaned(GAUGE, [record("a", 2, rain=9.0)]))
    revert(ledger, receipt.first or 0, GAUGE, "tester", "nhầm")
    assert state(ledger, "gauge") == [("a", 2.0)]
    assert verify(ledger.database) == []
