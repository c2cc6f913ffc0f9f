import hashlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from khue.contract.errors import ContractError
from khue.contract.odcs import read_contract_errors, read_contract_text

Changed = Callable[..., str]


def line_of(text: str, part: str) -> int:
    return next(i for i, line in enumerate(text.splitlines(), 1) if part in line)


def test_a_contract_has_what_its_text_says(changed: Changed) -> None:
    text = changed()
    contract = read_contract_text(text, "gauge.yaml")
    assert (contract.type, contract.entity_type, contract.kind, contract.key) == ("gauge", "Gauge", "measure", "{code}")
    assert (contract.observed_at, contract.major, contract.owner) == ("at", 1, "A1")
    assert contract.digest == hashlib.sha256(text.encode()).hexdigest()
    assert contract.by_name["level"].unit_label == "m"
    assert contract.dedupe == timedelta(days=7)


def test_options_of_a_property_are_checks_with_reasons_of_their_own(changed: Changed) -> None:
    checks = read_contract_text(changed()).checks_by_name
    assert {name: (c.kind, c.dimension, c.on_fail) for name, c in checks.items()} == {
        "code_required": ("required", "sufficient", "reject"),
        "at_required": ("required", "sufficient", "reject"),
        "at_type": ("type", "accurate", "reject"),
        "level_type": ("type", "accurate", "hold"),
        "level_range": ("range", "accurate", "hold"),
        "level_unit": ("unit", "consistent", "flag"),
        "level_spike": ("spike", "accurate", "flag"),
        "level_wise": ("predicate", "consistent", "flag"),
    }
    assert checks["level_range"].arguments == {"minimum": 0, "maximum": 20}
    assert checks["level_spike"].arguments == {"minimum": 5, "factor": 3, "within": 3600.0}
    assert all(check.reason.vi and check.reason.en for check in checks.values())


WRONG = [
    ("v3.1.0", "v2.2.0", "apiVersion: v2", "Did you mean “v3.1.0”"),
    ("version: 1.0.0", "version: 1.0", "version: 1.0", "Put it into quotes"),
    ("logicalType: number", "logicalType: numbre", "numbre", "Did you mean “number”"),
    ("khue.unit, value: MTR", "khue.unit, value: MTER", "MTER", "UN/CEFACT"),
    ('value: "{code}"', 'value: "{cod}"', "{cod}", "Did you mean “code”"),
    ('value: "{code}"', 'value: "code"', '"code"', "must name a property in braces"),
    ('value: "{code}"', 'value: "{code"', '"{code"', "is not a template"),
    ("khue.observedAt, value: at", "khue.observedAt, value: level", "observedAt, value: level", "is a number"),
    ("level < 19", "levle < 19", "levle", "Did you mean level"),
    ("level < 19", "LOWER(code) = 'a'", "LOWER", "not known here"),
    ("khue.kind, value: spike", "khue.kind, value: spik", "spik}", "Did you mean “spike”"),
    ("within: PT1H", "within: an hour", "an hour", "not a length of time"),
    ("{minimum: 0, maximum: 20}", "{minimum: 30, maximum: 20}", "minimum: 30", "nothing could pass"),
    ("{minimum: 0, maximum: 20}", "{minimun: 0}", "minimun", "Did you mean “minimum”"),
    ("khue.entityType", "khue.entityTyp", "khue.entityTyp", "Did you mean “khue.entityType”"),
    ("name: at", "name: code", "name: code", "stands twice"),
    (
        "classification: public\n        logicalTypeOptions",
        "classification: secret\n        logicalTypeOptions",
        "secret",
        "",
    ),
    ("properties: [code, level]", "properties: [code, lvl]", "lvl", "Did you mean “level”"),
    ("khue.onFail, value: flag", "khue.onFail, value: drop", "drop", "reject, hold, flag"),
    ("name: level_wise", "name: level_spike", "name: gauge", "Two checks have the name level_spike"),
]


@pytest.mark.parametrize(("old", "new", "at", "says"), WRONG, ids=[row[1][:40] for row in WRONG])
def test_an_error_names_the_line_what_is_wrong_and_what_would_be_right(
    changed: Changed, old: str, new: str, at: str, says: str
) -> None:
    text = changed((old, new))
    with pytest.raises(ContractError) as caught:
        read_contract_text(text, "gauge.yaml")
    assert says in str(caught.value)
    if new != "name: code":
        assert caught.value.where == f"gauge.yaml:{line_of(text, at)}"


def test_every_error_is_found_not_only_the_first(changed: Changed) -> None:
    text = changed(("level < 19", "levle < 19"), ("within: PT1H", "within: soon"))
    contract, errors = read_contract_errors(text, "gauge.yaml")
    assert contract is None
    assert [error.where for error in errors] == [f"gauge.yaml:{line_of(text, part)}" for part in ("soon", "levle")]


def test_a_judged_check_cannot_hold(changed: Changed) -> None:
    spike = "- {property: khue.kind, value: spike}"
    hold = f"{spike}\n              - {{property: khue.onFail, value: hold}}"
    with pytest.raises(ContractError, match="judged"):
        read_contract_text(changed((spike, hold)))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_text_with_a_random_fault_is_read_or_refused_with_a_line(changed: Changed, data: st.DataObject) -> None:
    text = changed()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    broken = text[:start] + data.draw(st.text(max_size=12)) + text[end:]
    try:
        read_contract_text(broken, "gauge.yaml")
    except ContractError as error:
        assert error.where.startswith("gauge.yaml:"), error
