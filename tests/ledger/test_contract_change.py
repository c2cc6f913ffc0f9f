import threading
from typing import Any

import psycopg
import pytest
from tests.ledger.build import cleaned, contract, prop, record

from khue.contract.contract import Share, draft_contract
from khue.contract.errors import ContractError, Misconfigured
from khue.ledger.commit import Ledger
from khue.ledger.head import StaleContract
from khue.ledger.install import install
from khue.ledger.verify import verify

GAUGE = contract()


def test_columns_are_added_while_three_writers_run_and_nothing_is_lost(ledger: Ledger) -> None:
    install(ledger, [GAUGE])
    versions = [GAUGE]
    failures: list[BaseException] = []

    def write(name: str) -> None:
        try:
            for hour in range(20):
                _commit_under_the_contract_in_force(ledger, versions, name, hour)
        except BaseException as error:  # noqa: BLE001  a thread's error is the test's
            failures.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for minor in range(1, 5):
        versions.append(contract(version=f"1.{minor}.0", properties=(*versions[-1].properties, prop(f"extra{minor}"))))
        install(ledger, [versions[-1]])
    for thread in threads:
        thread.join()
    assert failures == []
    with psycopg.connect(ledger.database.owner) as connection:
        assert connection.execute("select count(*) from history.gauge").fetchone() == (60,)
    assert verify(ledger.database) == []


def _commit_under_the_contract_in_force(ledger: Ledger, versions: list, name: str, hour: int) -> None:
    while True:
        for of in reversed(versions):
            try:
                ledger.commit(cleaned(of, [record(name, hour, rain=1.0)]))
            except StaleContract:
                continue
            return


def test_a_breaking_change_needs_a_new_major_version_with_tables_of_its_own(ledger: Ledger) -> None:
    install(ledger, [GAUGE])
    ledger.commit(cleaned(GAUGE, [record("a", 1, rain=1.0)]))
    fewer = (prop("station", "string"), prop("rain", "integer"))
    with pytest.raises(Misconfigured):
        install(ledger, [contract(version="1.1.0", properties=fewer)])
    second = contract(version="2.0.0", properties=fewer)
    install(ledger, [second])
    ledger.commit(cleaned(second, [record("a", 1, rain=2)]))
    with psycopg.connect(ledger.database.owner) as connection:
        assert connection.execute("select rain from state.gauge_v1").fetchall() == [(1.0,)]
        assert connection.execute("select rain from state.gauge").fetchall() == [(2,)]
    assert verify(ledger.database) == []


@pytest.mark.parametrize(
    ("version", "properties", "why"),
    [
        ("1.1.0", (prop("station", "string"), prop("rain", "integer")), "rain changed from number to integer"),
        ("1.1.0", GAUGE.properties[:2], "level was removed"),
        ("1.0.0", (*GAUGE.properties, prop("wind")), "its version 1.0.0 is not after 1.0.0"),
        ("0.9.0", (*GAUGE.properties, prop("wind")), "its version 0.9.0 is not after 1.0.0"),
    ],
)
def test_a_version_that_does_not_fit_its_change_is_refused_with_the_reasons(
    ledger: Ledger, version: str, properties: Any, why: str
) -> None:
    install(ledger, [GAUGE])
    with pytest.raises(Misconfigured, match=why):
        install(ledger, [contract(version=version, properties=properties)])
    ledger.commit(cleaned(GAUGE, [record("a", 1, rain=1.0)]))


def test_a_draft_is_put_aside_by_its_first_contract(ledger: Ledger) -> None:
    draft = draft_contract("gauge")
    install(ledger, [draft])
    with pytest.raises(Misconfigured):
        install(ledger, [contract(version="0.2.0")])
    install(ledger, [GAUGE])
    ledger.commit(cleaned(GAUGE, [record("a", 1, rain=1.0)]))
    assert verify(ledger.database) == []


def test_only_public_properties_are_open_and_the_gate_holds(ledger: Ledger) -> None:
    share = Share("rain_open", "readings", ("station", "rain"), least_quality=0.5, shut_checks=("spike",))
    install(ledger, [contract(share=share)])
    of = contract(share=share)
    ledger.commit(cleaned(of, [record("a", 1, rain=1.0), record("b", 1, rain=9.0, flags=("spike",))]))
    with psycopg.connect(ledger.database.public) as connection:
        assert connection.execute("select id, rain from open.rain_open").fetchall() == [
            ("urn:ngsi-ld:WeatherObserved:a", 1.0)
        ]
    secret = contract(
        name="secret", properties=(prop("station", "string", "personal"),), share=Share("s", "state", ("station",))
    )
    with pytest.raises(ContractError):
        install(ledger, [secret])


def test_a_contract_in_force_makes_no_commit(ledger: Ledger) -> None:
    assert len(install(ledger, [GAUGE])) == 1
    assert install(ledger, [GAUGE]) == []
