"""Every domain is tested from its own folder: contracts, sources and samples with the outcome that each must have."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from khue.app.catalogue import DEMO_CITY, OWN_DOMAINS, find_domains, read_catalogue
from khue.clean.clean import clean
from khue.contract.batch import RECORD, ROW, UNIT_PREFIX, Batch, Part, Raw
from khue.contract.check import JUDGED
from khue.contract.cleaned import Cleaned
from khue.contract.lint import lint_file

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
CATALOGUE = read_catalogue()
CONTRACTS = sorted(OWN_DOMAINS.glob("*/contracts/*.yaml"))
SAMPLES = sorted(OWN_DOMAINS.glob("*/samples/*.yaml"))


def samples() -> Iterator[Any]:
    for path in SAMPLES:
        held = yaml.safe_load(path.read_text(encoding="utf-8"))
        for record in held["records"]:
            yield pytest.param(held, record, id=f"{path.stem}: {record['name']}")


def batch_of(held: dict[str, Any], records: list[dict[str, Any]]) -> Batch:
    """Return sample records as a decoder hands them on: text by property, a row's own unit beside it."""
    contract, source = CATALOGUE.contract(held["type"]), CATALOGUE.source(held["source"])
    columns: dict[str, list[str | None]] = {
        name: [None if (value := r["received"].get(name)) is None else str(value) for r in records]
        for name in contract.by_name
    }
    units = {unit for r in records for unit in r.get("units", {})}
    columns |= {UNIT_PREFIX + name: [r.get("units", {}).get(name) for r in records] for name in units}
    numbers = pl.Series(range(len(records)))
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)).with_columns(
        numbers.cast(pl.Int32).alias(RECORD), (numbers.cast(pl.Int64) + 1).alias(ROW)
    )
    raw = Raw(b"", hashlib.sha256(b"").digest())
    return Batch(
        type=contract.type,
        frame=frame,
        parts=(Part(0, len(records), source.name, "test", raw),),
        profile={"date_order": source.date_order, "zone": source.zone},
        units=source.units,
        blank=source.blank,
    )


def cleaned(held: dict[str, Any], records: list[dict[str, Any]]) -> Cleaned:
    contract = CATALOGUE.contract(held["type"])
    reference = {p.reference.type: nothing_of(p.reference.property) for p in contract.properties if p.reference}
    return clean(batch_of(held, records), contract, reference, NOW)


def nothing_of(name: str) -> pl.DataFrame:
    """Return the state of a type that has no record yet."""
    place = {"_id": pl.String, "_x": pl.Float64, "_y": pl.Float64, "_area": pl.String}
    return pl.DataFrame(schema=place | {name: pl.String})


def outcome(result: Cleaned) -> tuple[str, list[str]]:
    """Return the fate of a single record, and the checks that it failed."""
    if result.quarantined.height:
        waits = result.quarantined.row(0, named=True)
        return {"reject": "rejected", "hold": "held"}[waits["action"]], sorted(waits["_flags"])
    flags = sorted(result.rows.row(0, named=True)["_flags"])
    return ("flagged" if flags else "clean"), flags


@pytest.mark.parametrize(("held", "record"), list(samples()))
def test_a_sample_has_the_outcome_that_its_domain_says(held: dict[str, Any], record: dict[str, Any]) -> None:
    result = cleaned(held, [record])
    assert outcome(result) == (record["fate"], sorted(record.get("checks", [])))
    if record.get("values"):
        row = result.rows.row(0, named=True)
        assert {name: row[name] for name in record["values"]} == record["values"]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.parent.name}/{path.stem}")
def test_every_row_check_of_a_type_is_met_by_the_samples_or_is_a_twin_of_one_that_is(path: Path) -> None:
    """A check that no sample fails has never been seen to work; one of a kind stands for its like."""
    held = yaml.safe_load(path.read_text(encoding="utf-8"))
    contract = CATALOGUE.contract(held["type"])
    met = {contract.checks_by_name[name].kind for r in held["records"] for name in r.get("checks", [])}
    assert {check.kind for check in contract.checks} - JUDGED - met <= {"length", "unit"}


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.stem)
def test_a_contract_keeps_the_rules_of_the_house(path: Path) -> None:
    assert [finding.sentence() for finding in lint_file(path)] == []


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.stem)
def test_a_reason_names_what_is_wrong_and_what_to_do_in_both_languages(path: Path) -> None:
    for check in CATALOGUE.contract(path.stem).checks:
        assert "{row}" in check.reason.vi and "{row}" in check.reason.en, check.name
        assert ";" in check.reason.vi and ";" in check.reason.en, f"{check.name}: what is to be done?"


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.stem)
def test_a_type_has_samples(path: Path) -> None:
    assert (path.parent.parent / "samples" / path.name).is_file()


@pytest.mark.parametrize("name", sorted(find_domains(DEMO_CITY)))
def test_a_domain_tells_its_operator_what_it_shows(name: str) -> None:
    folder = find_domains(DEMO_CITY)[name]
    assert (folder / "README.md").read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize("source", [s for s in CATALOGUE.sources.values() if s.connector], ids=lambda s: s.name)
def test_a_simulated_source_says_so_and_a_file_of_the_city_is_there(source: Any) -> None:
    if source.connector["kind"] == "simulator":
        assert source.simulated
        assert CATALOGUE.simulator(source).batch(source.name, NOW, 7) == CATALOGUE.simulator(source).batch(
            source.name, NOW, 7
        )
    else:
        assert (Path(CATALOGUE.city.folder) / source.connector["path"]).is_file()


@pytest.mark.parametrize("source", [s for s in CATALOGUE.sources.values() if s.simulated], ids=lambda s: s.name)
def test_a_simulators_records_have_the_columns_of_their_source(source: Any) -> None:
    known = {*source.columns, *source.unit_columns.values()}
    simulator = CATALOGUE.simulator(source)
    lines = [
        line
        for tick in range(0, 86400, 3600)
        for line in simulator.batch(source.name, datetime.fromtimestamp(NOW.timestamp() + tick, UTC), 7).splitlines()
    ]
    assert lines
    assert {key for line in lines for key in json.loads(line)} <= known
