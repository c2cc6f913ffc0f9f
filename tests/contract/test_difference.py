from collections.abc import Callable

import pytest

from khue.contract.contract import draft_contract
from khue.contract.difference import breaking, changes, version_fault
from khue.contract.odcs import read_contract_text

Changed = Callable[..., str]
NEW_PROPERTY = """\
      - name: note
        logicalType: string
        customProperties:
          - {property: khue.label, value: {vi: Ghi chú, en: Note}}
      - name: level
"""


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ((("logicalType: number", "logicalType: integer"),), "changed from number to integer"),
        ((('value: "{code}"', 'value: "{code}:{at}"'),), "The key changed"),
        ((("khue.unit, value: MTR", "khue.unit, value: CMT"),), "The unit of level"),
        ((("value: Gauge}", "value: Gauges}"),), "NGSI-LD type"),
        (
            (
                ("name: level\n", "name: depth\n"),
                ("level IS NULL OR level", "depth IS NULL OR depth"),
                ("[code, level]", "[code, depth]"),
            ),
            "level was removed",
        ),
    ],
)
def test_what_readers_rest_on_breaks(changed: Changed, change: tuple[tuple[str, str], ...], says: str) -> None:
    old, new = read_contract_text(changed()), read_contract_text(changed(*change))
    assert any(says in reason for reason in breaking(old, new))
    higher = read_contract_text(changed(*change, ("version: 1.0.0", "version: 1.1.0")))
    assert "2.0.0" in version_fault(old, higher)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ((("      - name: level\n", NEW_PROPERTY),), "The property note was added"),
        ((("maximum: 20", "maximum: 25"),), "The check level_range changed"),
        ((("vi: Mực nước", "vi: Mức nước"),), "level is described"),
        ((("licence: CC0-1.0", "licence: CC-BY-4.0"),), "share changed"),
    ],
)
def test_what_is_only_added_or_told_otherwise_is_in_place(
    changed: Changed, change: tuple[tuple[str, str], ...], says: str
) -> None:
    old, new = read_contract_text(changed()), read_contract_text(changed(*change, ("version: 1.0.0", "version: 1.1.0")))
    assert breaking(old, new) == ()
    assert version_fault(old, new) == ""
    assert any(says in what for what in changes(old, new))


def test_a_change_without_a_higher_version_is_a_fault(changed: Changed) -> None:
    old, new = read_contract_text(changed()), read_contract_text(changed(("maximum: 20", "maximum: 25")))
    assert "not after 1.0.0" in version_fault(old, new)
    assert version_fault(old, old) == ""


def test_the_first_contract_of_a_draft_is_in_place(changed: Changed) -> None:
    assert breaking(draft_contract("gauge"), read_contract_text(changed())) == ()
