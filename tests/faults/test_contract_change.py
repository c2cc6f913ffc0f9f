"""A contract that changes under a running city: its processes take the new one at once, and no record is lost."""

import shutil
from collections.abc import Callable
from pathlib import Path

import httpx
from tests.faults.city import City, Served
from tests.faults.crowd import Crowd

import khue.domains
from khue.ledger.database import connect

Start = Callable[[], Served]
BEFORE_TABLE = "    quality:\n      - name: rain_gauge_repeated"
BEFORE_CHECK = "          - name: precipitation_regional\n"
VERSIONS = "select distinct contract_version from khue.commit where source = 'http'"
KEPT = "select keeper from state.rain_gauge where keeper is not null order by 1"
FLAGGED = "select every('precipitation_hardly' = any(_flags)) from state.rain_gauge"
COLUMN = """
      - name: keeper
        logicalType: string
        description: Who read the gauge.
        classification: internal
        customProperties:
          - {property: khue.label, value: {vi: Người đo, en: Keeper}}
"""
CHECK = """
          - name: precipitation_hardly
            description: A check of this test.
            dimension: accuracy
            type: custom
            engine: khue
            implementation: {maximum: 1}
            customProperties:
              - {property: khue.kind, value: range}
              - {property: khue.onFail, value: flag}
              - {property: khue.source, value: "A rule of this test"}
              - {property: khue.verified, value: false}
              - property: khue.reason
                value: {vi: "Dòng {row}: {value} trên {maximum}", en: "Row {row}: {value} is over {maximum}"}
"""


def own_domain(city: City) -> Path:
    """Give the city a copy of the environment's domain as its own, and return the contract of its rain gauges."""
    folder = Path(city.city) / "domains" / "weather"
    shutil.copytree(Path(khue.domains.__path__[0]) / "environment", folder)
    for file, words in ((Path(city.city) / "city.toml", '"environment"'), (folder / "domain.yaml", "environment")):
        text = file.read_text(encoding="utf-8")
        assert words in text
        file.write_text(text.replace(words, words.replace("environment", "weather")), encoding="utf-8")
    return folder / "contracts" / "rain_gauge.yaml"


def change(contract: Path, before: str, after: str, version: str) -> None:
    """Write the contract as an editor does: a new file in place of the old one."""
    text = contract.read_text(encoding="utf-8")
    assert text.count(before) == 1
    lines = text.replace(before, after).splitlines()
    lines = [f"version: {version}" if line.startswith("version: ") else line for line in lines]
    draft = contract.with_suffix(".new")
    draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
    draft.replace(contract)


def test_records_flow_on_while_a_column_and_a_check_are_added(city: City, serve: Start, tmp_path: Path) -> None:
    contract = own_domain(city)
    served = serve().wait()
    file = tmp_path / "rain.csv"
    file.write_text("station,observed_on,precipitation,keeper\nLáng,2024-05-01,3,Ông Ba\n", encoding="utf-8")
    with Crowd(served, pause=0.5) as crowd:
        crowd.grown(3)
        change(contract, BEFORE_TABLE, COLUMN.strip("\n") + "\n" + BEFORE_TABLE, "1.1.0")
        assert served.own.json("ingest", "--type", "rain_gauge", str(file))["clean"] == 1
        crowd.grown(3)
        record = {"station": "Hà Đông", "observed_on": "2024-05-01", "precipitation": 2, "keeper": "Bà Tư"}
        assert httpx.post(f"{served.address}/api/v1/ingest/rain_gauge", json=[record], timeout=30).status_code == 201
        change(contract, BEFORE_CHECK, CHECK.strip("\n") + "\n" + BEFORE_CHECK, "1.2.0")
        assert served.own.json("ingest", "--type", "rain_gauge", str(file))["again"] is True
        crowd.grown(3)
    assert served.own.json("replay", "--type", "rain_gauge")["differing"] > 0
    with city.kept() as database:
        crowd.require_once(database.owner)
        with connect(database.owner) as owner:
            kept, versions = owner.execute(KEPT).fetchall(), owner.execute(VERSIONS).fetchall()
            flagged = owner.execute(FLAGGED).fetchone()
    assert kept == [("Bà Tư",), ("Ông Ba",)]
    assert {version for (version,) in versions} == {"1.0.0", "1.1.0", "1.2.0"}
    assert served.own.json("replay", "--type", "rain_gauge")["differing"] == 0
    assert flagged == (True,)
    city.require_whole()
