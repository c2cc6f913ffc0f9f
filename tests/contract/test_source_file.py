from collections.abc import Callable
from pathlib import Path

import pytest

from khue.contract.city_file import read_city_text
from khue.contract.domain_file import read_domain
from khue.contract.errors import ContractError
from khue.contract.odcs import read_contract_text
from khue.contract.source import Footer, Wide
from khue.contract.source_file import read_source_text

Changed = Callable[..., str]
SOURCE = """\
name: gauges
type: gauge
label: {vi: Trạm, en: Gauges}
format: csv
columns: {Lúc: at}
wide: {heading_to: code, cell_to: level}
footers:
  - {names: [Tổng], compare: sum}
blank: {level: unknown}
units: {level: MTR}
every: PT10M
late_after: 900
connector: {kind: simulator, seed: 1}
"""
CITY = """\
code = "01"
zone = "Asia/Ho_Chi_Minh"
languages = ["vi", "en"]
domains = []
data_unit = "A1"
bounds = { west = 105, south = 20, east = 106, north = 21 }
name = { vi = "Thử", en = "Test" }

[agencies.A1]
vi = "Đơn vị"
en = "Unit"
"""


def test_a_source_has_what_its_text_says(changed: Changed) -> None:
    source = read_source_text(SOURCE, "s.yaml", {"gauge": read_contract_text(changed())})
    assert source.shape == Wide("code", "level")
    assert source.footers == (Footer(("Tổng",), "sum", 0.05),)
    assert (source.every, source.late_after, source.agency, source.file) == (600.0, 900.0, "A1", "s.yaml")


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("type: gauge", "type: gauges", 2, "Did you mean “gauge”"),
        ("{Lúc: at}", "{Lúc: att}", 5, "Did you mean “at”"),
        ("cell_to: level", "cell_to: lvl", 6, "Did you mean “level”"),
        ("compare: sum", "compare: total", 8, "sum, mean, none"),
        ("level: unknown", "level: nothing", 9, "unknown, zero, clear, keep"),
        ("level: MTR", "level: metre", 10, "is not one of"),
        ("every: PT10M", "every: -5", 11, "not a length of time"),
        ("kind: simulator", "kind: telepathy", 13, "simulator"),
        ("blank:", "blanks:", 9, "Did you mean “blank”"),
    ],
)
def test_a_wrong_source_says_where_and_what_would_be_right(
    changed: Changed, old: str, new: str, line: int, says: str
) -> None:
    with pytest.raises(ContractError) as caught:
        read_source_text(SOURCE.replace(old, new), "s.yaml", {"gauge": read_contract_text(changed())})
    assert caught.value.where == f"s.yaml:{line}"
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('data_unit = "A1"', 'data_unit = "A2"', "is not an agency"),
        ("west = 105", "west = 107", "hold no place"),
        ("Asia/Ho_Chi_Minh", "Asia/Hanoi_", "not a time zone"),
        ('"vi", "en"]', '"vi", "fr"]', "fr"),
        ('code = "01"', "code = 1", "Text must stand here"),
        ("zone =", "zon =", "Did you mean “zone”"),
    ],
)
def test_a_wrong_city_says_what_would_be_right(old: str, new: str, says: str) -> None:
    assert read_city_text(CITY, "city.toml", "f").bounds == (105.0, 20.0, 106.0, 21.0)
    with pytest.raises(ContractError, match=says) as caught:
        read_city_text(CITY.replace(old, new), "city.toml", "f")
    assert caught.value.where.startswith("city.toml:")


def test_a_domain_names_the_file_that_is_wrong(tmp_path: Path, changed: Changed) -> None:
    folder = tmp_path / "water"
    (folder / "contracts").mkdir(parents=True)
    (folder / "domain.yaml").write_text("name: water\nlabel: {vi: Nước, en: Water}\nagency: A1\n", encoding="utf-8")
    (folder / "contracts" / "gauge.yaml").write_text(changed(), encoding="utf-8")
    assert [contract.type for contract in read_domain(folder).contracts] == ["gauge"]
    (folder / "contracts" / "gauge.yaml").rename(folder / "contracts" / "other.yaml")
    with pytest.raises(ContractError, match=r"other.yaml:1: .*Call the file gauge.yaml"):
        read_domain(folder)
