from collections.abc import Callable
from dataclasses import replace

import pytest

from khue.contract.check import JUDGED, Check, CheckKind, OnFail
from khue.contract.label import Label
from khue.contract.lint import lint_contract, lint_text
from khue.contract.odcs import read_contract_errors

Changed = Callable[..., str]


def test_a_good_contract_has_no_findings(changed: Changed) -> None:
    assert lint_text(changed()) == ()


PUBLIC_LEVEL = "name: level\n        logicalType: number\n        classification: public"
CODE = "name: code\n        logicalType: string\n"
BREACHES = [
    (f"{CODE}        required: true\n", CODE, "makes the id or the time, but is not required"),
    (PUBLIC_LEVEL, PUBLIC_LEVEL.replace("public", "personal"), "level is personal and can never be open"),
    (PUBLIC_LEVEL, PUBLIC_LEVEL.replace("public", "sensitive"), "can never be open"),
    (PUBLIC_LEVEL, PUBLIC_LEVEL.replace("public", "internal"), "is not public"),
    ("status: active", "status: draft", "Only an active contract may be shared"),
    ("name: level_wise", "name: Level-wise", "is not a name"),
    ("name: level_wise", "name: _wise", "is not a name"),
    ("name: level_wise", "name: w" + "x" * 63, "at most 63 fit"),
    ("Dòng {row}: cao", "Dòng {rwo}: cao", "names {rwo}"),
    ("khue.onFail, value: flag", "khue.onFail, value: hold", "holds, but names no field"),
    (", licence: CC0-1.0", "", "has no licence"),
    ("- {property: khue.owner, value: A1}\n      ", "", "has no khue.owner"),
    (
        "khue.label, value: {vi: Mực nước, en: Level}}",
        "khue.label, value: {vi: Mực nước, en: Level}}\n          - {property: khue.term, value: code}",
        "The term code stands twice",
    ),
]


@pytest.mark.parametrize(("old", "new", "says"), BREACHES, ids=[row[2] for row in BREACHES])
def test_a_breach_of_a_rule_is_found(changed: Changed, old: str, new: str, says: str) -> None:
    findings = lint_text(changed((old, new)), "gauge.yaml")
    assert any(says in finding.what for finding in findings), findings
    assert all(finding.where.startswith("gauge.yaml:") for finding in findings)


@pytest.mark.parametrize("kind", sorted(JUDGED))
@pytest.mark.parametrize("on_fail", ["flag", "hold", "reject"])
def test_what_looks_at_other_records_flags_and_only_unique_and_repeated_may_reject(
    changed: Changed, kind: CheckKind, on_fail: OnFail
) -> None:
    contract, _ = read_contract_errors(changed(), "gauge.yaml")
    assert contract is not None
    check = Check("doubt", kind, "accurate", on_fail, "level", Label("sai", "wrong"))
    told = [what for _, what, _ in lint_contract(replace(contract, checks=(check,)))]
    allowed = on_fail == "flag" or (on_fail == "reject" and kind in ("unique", "repeated"))
    assert (not told) is allowed, told


def test_all_findings_are_told_together(changed: Changed) -> None:
    text = changed(
        ("name: level_wise", "name: Level"), (", licence: CC0-1.0", ""), ("Dòng {row}: cao", "Dòng {x}: cao")
    )
    assert len(lint_text(text)) == 3


def test_an_unreadable_contract_is_a_finding_too() -> None:
    assert "is missing" in lint_text("kind: DataContract\n")[0].sentence()
