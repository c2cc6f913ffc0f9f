import psycopg
import pytest
from tests.ledger.build import cleaned, contract, prop, record

from khue.ledger.commit import Ledger
from khue.ledger.install import install
from khue.ledger.verify import verify

GAUGE = contract()


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    install(ledger, [GAUGE, contract("register", name="station")])
    for hours in range(4):
        records = [record("a", hours, rain=1.5, detail='{"k": [1, 2]}'), record("b", hours, rain=9e9, held=("rain",))]
        ledger.commit(cleaned(GAUGE, [*records, record("c", hours, rejected=True)], position=str(hours), cuts=(1,)))
    ledger.commit(cleaned(contract("register", name="station"), [record("a", level=1.0), record("a", level=2.0)]))
    return ledger


@pytest.mark.both_servers
def test_a_whole_record_has_no_findings(filled: Ledger) -> None:
    assert verify(filled.database) == []


def test_a_record_is_whole_after_a_column_was_added(filled: Ledger) -> None:
    wider = contract(version="1.1.0", properties=(prop("wind"), *GAUGE.properties))
    install(filled, [wider])
    filled.commit(cleaned(wider, [record("a", 9, rain=3.0, wind=1.0)]))
    assert verify(filled.database) == []


@pytest.mark.parametrize(
    ("edit", "law"),
    [
        ("update history.gauge set rain = 2 where _seq = 3", "rows"),
        ("update history.gauge set _visible_to = '{all}' where _seq = 3", "rows"),
        ("delete from history.gauge where _seq = 3", "rows"),
        ("update state.gauge set rain = 2 where station = 'a'", "state"),
        ("delete from state.gauge where station = 'a'", "state"),
        ("update khue.commit set actor = 'x' where seq = 4", "chain"),
        ("update khue.commit set counts = counts || '{\"clean\": 9}' where seq = 4", "chain"),
        ("delete from khue.commit where seq = 5", "chain"),
        ("delete from khue.raw where seq = 4", "raw"),
        ("delete from khue.quarantine where action = 'reject' and seq = 4", "quarantine"),
    ],
)
def test_an_edit_by_hand_is_found(filled: Ledger, edit: str, law: str) -> None:
    with psycopg.connect(filled.database.owner) as connection:
        connection.execute(edit.encode())
    assert law in {finding.law for finding in verify(filled.database)}
