from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from tests.ledger.build import cleaned, contract, record

from khue.contract.clock import system_clock
from khue.contract.contract import Retention
from khue.contract.errors import Refused
from khue.ledger.commit import Ledger
from khue.ledger.erase import Warrant, erase_commit, erase_entities
from khue.ledger.install import install
from khue.ledger.retention import retain
from khue.ledger.verify import verify

REGISTER = contract("register", name="station")
WARRANT = Warrant("tester", "theo yêu cầu của công dân", "Luật 91/2025/QH15")


def everything(ledger: Ledger) -> str:
    with psycopg.connect(ledger.database.owner) as connection:
        tables = ("state.station", "history.station", "khue.quarantine", "khue.commit", "khue.raw")
        return "\n".join(str(row) for table in tables for row in connection.execute(f"select t::text from {table} t"))


def test_a_person_is_forgotten_and_the_record_still_verifies(ledger: Ledger) -> None:
    install(ledger, [REGISTER])
    ledger.commit(cleaned(REGISTER, [record("an", rain=1.0), record("binh", rain=2.0)]))
    ledger.commit(cleaned(REGISTER, [record("an", rain=9.0, held=("rain",)), record("binh", rain=3.0)]))
    with psycopg.connect(ledger.database.owner) as connection:
        connection.execute("update khue.quarantine set id = 'urn:ngsi-ld:WeatherObserved:an'")
    erase_entities(ledger, REGISTER, ["urn:ngsi-ld:WeatherObserved:an"], WARRANT)
    left = everything(ledger)
    assert ":an" not in left and "(an" not in left and ":binh" in left
    assert verify(ledger.database) == []


def test_a_commit_is_forgotten_and_state_falls_back(ledger: Ledger) -> None:
    install(ledger, [REGISTER])
    ledger.commit(cleaned(REGISTER, [record("an", rain=1.0)]))
    (receipt,) = ledger.commit(cleaned(REGISTER, [record("an", rain=2.0)]))
    erase_commit(ledger, REGISTER, receipt.first or 0, WARRANT)
    with psycopg.connect(ledger.database.owner) as connection:
        assert connection.execute("select rain from state.station").fetchall() == [(1.0,)]
    assert verify(ledger.database) == []


def test_what_remains_of_a_touched_commit_is_still_proved(ledger: Ledger) -> None:
    install(ledger, [REGISTER])
    (receipt,) = ledger.commit(cleaned(REGISTER, [record(name, rain=1.0, area="x") for name in ("an", "binh", "chi")]))
    for name in ("an", "binh"):
        erase_entities(ledger, REGISTER, [f"urn:ngsi-ld:WeatherObserved:{name}"], WARRANT)
        assert verify(ledger.database) == []
    for edit in ("update history.station set _area = 'y'", "delete from history.station"):
        with psycopg.connect(ledger.database.owner) as connection:
            connection.execute(edit.encode())
        assert (receipt.first, "rows") in {(finding.seq, finding.law) for finding in verify(ledger.database)}


def test_a_person_is_forgotten_in_the_tables_of_an_older_major_version_too(ledger: Ledger) -> None:
    install(ledger, [REGISTER])
    ledger.commit(cleaned(REGISTER, [record("an", rain=1.0), record("binh", rain=2.0)]))
    second = contract("register", name="station", version="2.0.0", properties=REGISTER.properties[:2])
    install(ledger, [second])
    erase_entities(ledger, second, ["urn:ngsi-ld:WeatherObserved:an"], WARRANT)
    with psycopg.connect(ledger.database.owner) as connection:
        for schema in ("state", "history"):
            assert connection.execute(f"select station from {schema}.station_v1".encode()).fetchall() == [("binh",)]
    assert verify(ledger.database) == []


def test_a_rejected_record_without_an_id_is_forgotten_by_its_key_as_received(ledger: Ledger) -> None:
    install(ledger, [REGISTER])
    ledger.commit(cleaned(REGISTER, [record("An  Nguyễn", rejected=True), record("An", rejected=True)]))
    with psycopg.connect(ledger.database.owner) as connection:
        connection.execute("update khue.quarantine set id = null")
    erase_entities(ledger, REGISTER, ["urn:ngsi-ld:WeatherObserved:an-nguyễn"], WARRANT)
    with psycopg.connect(ledger.database.owner) as connection:
        found = connection.execute("select record, received is null, state from khue.quarantine order by 1").fetchall()
    assert found == [(0, True, "erased"), (1, False, "open")]
    assert verify(ledger.database) == []


def test_nothing_is_erased_without_a_law(ledger: Ledger) -> None:
    with pytest.raises(Refused):
        erase_commit(ledger, REGISTER, 1, Warrant("tester", "", ""))


def test_retention_keeps_what_stands(ledger: Ledger) -> None:
    kept = replace(REGISTER, retention=Retention(timedelta(days=30), "Luật Lưu trữ"))
    install(ledger, [kept])
    for value in (1.0, 2.0):
        ledger.commit(cleaned(kept, [record("an", rain=value)]))
    later = system_clock() + timedelta(days=31)
    assert retain(ledger, kept, later) is not None
    assert retain(ledger, kept, later) is None
    with psycopg.connect(ledger.database.owner) as connection:
        assert connection.execute("select rain from history.station").fetchall() == [(2.0,)]
    assert verify(ledger.database) == []
