from dataclasses import replace

import psycopg
import pytest
from tests.ledger.build import cleaned, contract, prop, record

from khue.contract.errors import Conflict, Refused, TooLarge
from khue.ledger.commit import Ledger, PartsFailed
from khue.ledger.head import StaleContract
from khue.ledger.install import install

GAUGE = contract()
REGISTER = contract("register", name="station")


def rows(ledger: Ledger, query: str) -> list[tuple]:
    with psycopg.connect(ledger.database.owner) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.both_servers
def test_a_batch_goes_to_history_and_its_latest_rows_to_state(ledger: Ledger) -> None:
    install(ledger, [GAUGE])
    batch = cleaned(GAUGE, [record("a", 1, rain=1.5), record("a", 3, rain=2.0), record("a", 2, rain=9.0)])
    (receipt,) = ledger.commit(batch)
    assert (receipt.received, receipt.clean, receipt.unchanged) == (3, 3, 0)
    assert rows(ledger, "select rain from state.gauge") == [(2.0,)]
    assert rows(ledger, "select rain from history.gauge order by _record") == [(1.5,), (2.0,), (9.0,)]


def test_a_late_measure_goes_to_history_only_and_a_late_register_wins(ledger: Ledger) -> None:
    install(ledger, [GAUGE, REGISTER])
    for of in (GAUGE, REGISTER):
        ledger.commit(cleaned(of, [record("a", 5, rain=5.0)]))
        ledger.commit(cleaned(of, [record("a", 1, rain=1.0)]))
    assert rows(ledger, "select rain from state.gauge") == [(5.0,)]
    assert rows(ledger, "select rain from state.station") == [(1.0,)]


def test_the_same_position_is_answered_the_first_receipt(ledger: Ledger) -> None:
    install(ledger, [GAUGE])
    batch = cleaned(GAUGE, [record("a", 1, rain=1.0), record("b", 1, rain=2.0)], position="file", cuts=(1,))
    first, again = ledger.commit(batch), ledger.commit(batch)
    assert [replace(receipt, again=True) for receipt in first] == again
    assert len(rows(ledger, "select from khue.commit where kind = 'data'")) == 2


def test_what_was_sent_before_is_unchanged_and_there_and_back_is_three_versions(ledger: Ledger) -> None:
    install(ledger, [GAUGE, REGISTER])
    for of in (GAUGE, REGISTER):
        there, back = record("a", 1, rain=1.0), record("a", 1, rain=2.0)
        (receipt,) = ledger.commit(cleaned(of, [there, there, back, there]))
        assert (receipt.clean, receipt.unchanged) == (3, 1)
        (receipt,) = ledger.commit(cleaned(of, [there]))
        assert (receipt.clean, receipt.unchanged) == (0, 1)


def test_held_and_rejected_records_wait_once(ledger: Ledger) -> None:
    install(ledger, [GAUGE])
    records = [record("a", 1, rain=900.0, held=("rain",)), record("b", 1, rain=-1.0, rejected=True), record("c", 1)]
    (receipt,) = ledger.commit(cleaned(GAUGE, records))
    assert (receipt.clean, receipt.held, receipt.rejected) == (1, 1, 1)
    assert rows(ledger, "select rain, _held from state.gauge where station = 'a'") == [(None, ["rain"])]
    (receipt,) = ledger.commit(cleaned(GAUGE, records))
    assert (receipt.unchanged, receipt.received) == (3, 3)
    assert rows(ledger, "select action, state from khue.quarantine order by record") == [
        ("hold", "open"),
        ("reject", "open"),
    ]


def test_a_fix_closes_what_it_mends_and_leaves_open_what_fails_again(ledger: Ledger) -> None:
    install(ledger, [GAUGE])
    bad = [record("a", 1, rain=900.0, held=("rain",)), record("b", 1, rain=-1.0, rejected=True)]
    (receipt,) = ledger.commit(cleaned(GAUGE, bad))
    about = {"quarantine": [[receipt.first, 0], [receipt.first, 1]], "note": "gõ nhầm"}
    mended = [record("a", 1, rain=9.0), record("b", 1, rain=-2.0, rejected=True)]
    ledger.commit(cleaned(GAUGE, mended, kind="fix", about=about))
    assert rows(ledger, "select state from khue.quarantine order by seq, record") == [
        ("fixed",),
        ("open",),
        ("dismissed",),
    ]
    assert rows(ledger, "select rain from state.gauge") == [(9.0,)]
    with pytest.raises(Conflict):
        ledger.commit(cleaned(GAUGE, [], kind="dismiss", about=about))


def test_a_patch_leaves_what_it_does_not_give(ledger: Ledger) -> None:
    install(ledger, [GAUGE, REGISTER])
    for of in (GAUGE, REGISTER):
        ledger.commit(cleaned(of, [record("a", 1, rain=1.0, level=7.0, extra='{"k": 1}')]))
        patches = [record("a", 2, rain=2.0), record("b", 2, rain=8.0), record("a", 3, level=None, extra='{"m": 2}')]
        ledger.commit(cleaned(of, patches, mode="patch"))
        found = rows(ledger, f'select station, rain, level, _extra from state."{of.type}" order by station')
        assert found == [("a", 2.0, None, {"k": 1, "m": 2}), ("b", 8.0, None, None)]


def test_a_late_patch_of_a_measure_is_merged_onto_the_row_before_it(ledger: Ledger) -> None:
    install(ledger, [GAUGE])
    ledger.commit(cleaned(GAUGE, [record("a", 1, rain=1.0, level=1.0), record("a", 5, rain=5.0, level=5.0)]))
    ledger.commit(cleaned(GAUGE, [record("a", 3, rain=3.0)], mode="patch"))
    assert rows(ledger, "select rain, level from history.gauge order by _observed_at") == [
        (1.0, 1.0),
        (3.0, 1.0),
        (5.0, 5.0),
    ]
    assert rows(ledger, "select rain, level from state.gauge") == [(5.0, 5.0)]


def test_a_deletion_is_a_version_and_a_patch_after_it_begins_anew(ledger: Ledger) -> None:
    install(ledger, [REGISTER])
    ledger.commit(cleaned(REGISTER, [record("a", rain=1.0, level=1.0)]))
    ledger.commit(cleaned(REGISTER, [record("a", deleted=True)]))
    assert rows(ledger, "select _deleted, rain from state.station") == [(True, None)]
    ledger.commit(cleaned(REGISTER, [record("a", level=2.0)], mode="patch"))
    assert rows(ledger, "select _deleted, rain, level from state.station") == [(False, None, 2.0)]


def test_one_bad_part_fails_alone(ledger: Ledger) -> None:
    install(ledger, [GAUGE])
    records = [record("a", 1, rain=1.0), record("b", 1, extra="{broken"), record("c", 1, rain=3.0)]
    with pytest.raises(PartsFailed) as caught:
        ledger.commit(cleaned(GAUGE, records, cuts=(1, 2)))
    assert [isinstance(outcome, Refused) for outcome in caught.value.outcomes] == [False, True, False]
    assert rows(ledger, "select station from state.gauge order by 1") == [("a",), ("c",)]


def test_more_than_ten_thousand_records_are_refused(ledger: Ledger) -> None:
    batch = cleaned(GAUGE, [record("a", 1)])
    part = replace(batch.batch.parts[0], end=10_001)
    with pytest.raises(TooLarge):
        ledger.commit(replace(batch, batch=replace(batch.batch, parts=(part,))))


def test_a_batch_cleaned_under_another_contract_is_sent_back(ledger: Ledger) -> None:
    with pytest.raises(StaleContract):
        ledger.commit(cleaned(GAUGE, [record("a", 1)]))
    install(ledger, [GAUGE])
    install(ledger, [contract(version="1.1.0", properties=(*GAUGE.properties, prop("wind")))])
    with pytest.raises(StaleContract):
        ledger.commit(cleaned(GAUGE, [record("a", 1)]))


def test_a_batch_of_nothing_is_a_commit(ledger: Ledger) -> None:
    install(ledger, [GAUGE])
    (receipt,) = ledger.commit(cleaned(GAUGE, []))
    assert receipt.first == 2


def test_the_bytes_as_received_can_be_had_again(ledger: Ledger) -> None:
    install(ledger, [GAUGE])
    batch = cleaned(GAUGE, [record("a", 1)])
    (receipt,) = ledger.commit(batch)
    assert ledger.raw(receipt.first or 0) == batch.batch.parts[0].raw.content
