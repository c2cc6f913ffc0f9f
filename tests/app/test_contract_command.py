"""`khue contract`: lint, infer, diff, with the exit codes that a script asks for."""

from pathlib import Path

import yaml
from tests.app.conftest import RAIN, House

from khue.app.catalogue import OWN_DOMAINS

RULES = OWN_DOMAINS / "environment" / "contracts" / "rain_gauge.yaml"


def test_lint_passes_what_is_shipped_and_names_file_and_line_of_a_fault(fresh: House) -> None:
    assert fresh.ok("contract", "lint", OWN_DOMAINS / "environment") == []
    broken = fresh.file(RULES.read_text().replace("value: measure}", "value: measures}"), "broken.yaml")
    answer = fresh("contract", "lint", broken, "--json")
    assert answer.code == 1
    assert answer.json[0]["where"].startswith(f"{broken}:")
    assert "measure" in answer.json[0]["what"] + answer.json[0]["todo"]
    human = fresh("contract", "lint", broken)
    assert (human.code, "1 contracts, 1 findings" in human.err) == (1, True)


def test_infer_proposes_a_contract_that_lints(fresh: House) -> None:
    proposed = fresh("contract", "infer", fresh.file(RAIN), "--name", "rain")
    assert proposed.code == 0
    assert yaml.safe_load(proposed.out)["schema"][0]["name"] == "rain"
    assert fresh("contract", "lint", fresh.file(proposed.out, "proposed.yaml")).err.startswith("1 contracts")


def test_diff_says_whether_readers_break(fresh: House, tmp_path: Path) -> None:
    text = RULES.read_text()
    gentle = fresh.file(text.replace("maximum: 1825", "maximum: 1900"), "gentle.yaml")
    assert fresh.ok("contract", "diff", RULES, gentle) == {"breaking": False, "reasons": []}
    assert "No reader breaks" in fresh("contract", "diff", RULES, gentle).out
    hard = fresh.file(text.replace("value: MMT", "value: CMT"), "hard.yaml")
    answer = fresh("contract", "diff", RULES, hard, "--json")
    assert (answer.code, answer.json["breaking"]) == (1, True)
    assert "The unit of precipitation changed from MMT to CMT" in answer.json["reasons"]
