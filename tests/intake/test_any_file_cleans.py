"""Whatever a file holds, decoding and cleaning it raise nothing but a refusal, and every record has one fate."""

import gzip
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from khue.app.catalogue import read_catalogue
from khue.clean.clean import clean
from khue.contract.contract import Contract, draft_contract
from khue.contract.errors import KhueError
from khue.intake.decode import decode_again, open_file

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FUZZ = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ODD = (
    "",
    " ",
    "5",
    "1.234,5",
    "1,234.5",
    "-0",
    "1e400",
    "-1e-400",
    "NaN",
    "Infinity",
    "∞",
    "٣",
    "9" * 400,
    "\u200b7",
    "12mm",
    "31/10/2021",
    "32/13/2021",
    "2021-10-31",
    "9999-12-31T23:59:59Z",
    "0000-00-00",
    "10000-01-01",
    "44500.5",
    "-1",
    "2021-10-31 25:61",
    "2021-10-31T00:00:00+99:99",
    "Láng",
    "La\u0301ng",
    "'); drop table x; --",
    "{}",
    "[1]",
    "\x00",
    "\x1f",
    "=1+1",
    "%",
    "{station}",
    "urn:ngsi-ld:null",
    "x" * 3000,
    "\u202eabc",
    "\ufffe",
    "null",
    "true",
    "20°58'12\"",
)
HEADINGS = (
    "Trạm đo",
    "Ngày",
    "Lượng mưa ngày",
    "station",
    "observed_on",
    "observed_at",
    "precipitation",
    "pm25",
    "PM10",
    "co",
    "station_name",
    "timestamp_utc",
    "parameter",
    "value",
    "unit",
    "_id",
    "_row",
    "_broken",
    "_extra",
    "_deleted",
    "_unit.co",
    "Tổng",
    "",
    "Ngày",
    "lạ",
    "longitude",
    "latitude",
    "name",
    "kind",
)
CELLS = st.sampled_from(ODD) | st.text(max_size=8)
TABLES = st.lists(st.sampled_from(HEADINGS), min_size=1, max_size=8).flatmap(
    lambda head: st.tuples(st.just(head), st.lists(st.lists(CELLS, max_size=9), max_size=8))
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | CELLS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(HEADINGS) | CELLS, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.lists(st.dictionaries(st.sampled_from(HEADINGS), JSON, max_size=6) | JSON, max_size=6)
ATTRIBUTES = JSON | st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["Property", "GeoProperty", "Relationship", "LanguageProperty", 5]),
        "value": JSON,
        "object": JSON,
        "languageMap": JSON,
        "unitCode": JSON,
        "observedAt": JSON,
        "datasetId": JSON,
    },
)
TERMS = ("stationName", "dateObserved", "precipitation", "pm25", "location", "station", "@context", "scope", "lạ")
ENTITIES = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from(["urn:ngsi-ld:AirQualityObserved:A", "urn:x:\0", 5, "plain"])},
        optional={"type": JSON | st.just("AirQualityObserved"), **dict.fromkeys(TERMS, ATTRIBUTES)},
    ),
    max_size=5,
)
CODES = st.sampled_from(["utf-8", "utf-16", "cp1258"])
CATALOGUE = read_catalogue()
CONTRACTS = [*CATALOGUE.contracts.values(), draft_contract("anything")]


def goes_through(content: bytes, contract: Contract) -> None:
    """Decode and clean the bytes, read them again, and account for every record."""
    sources = [source for source in CATALOGUE.sources.values() if source.type == contract.type]
    try:
        decoded = open_file(content, contract, sources=sources)
        batches = list(decoded)
    except KhueError:
        return
    for batch in batches:
        result = clean(batch, contract, {}, NOW)
        rejected = result.quarantined.filter(result.quarantined["action"] == "reject")["_record"].to_list()
        assert sorted([*result.rows["_record"], *rejected]) == list(range(batch.frame.height))
        assert all(json.loads(reasons) for reasons in result.quarantined["reasons"])
        assert all(isinstance(json.loads(received), dict) for received in result.quarantined["received"])
        assert not any("\\u0000" in text for text in result.rows["_extra"].drop_nulls())
        raw = batch.parts[0].raw.content or batches[0].parts[0].raw.content
        source = decoded.source if decoded.source.file else None
        assert decode_again(raw, batch.profile, source, contract).equals(batch.frame)


@pytest.fixture(params=CONTRACTS, ids=lambda contract: contract.type)
def contract(request: pytest.FixtureRequest) -> Contract:
    return request.param


def as_bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True).encode()


@FUZZ
@given(
    table=TABLES,
    mark=st.sampled_from(",;\t|"),
    packed=st.booleans(),
    code=st.sampled_from(["utf-8", "utf-16", "cp1258"]),
)
def test_any_csv(contract: Contract, table: Any, mark: str, packed: bool, code: str) -> None:
    head, rows = table
    content = "\n".join(mark.join(row) for row in [head, *rows]).encode(code, errors="replace")
    goes_through(gzip.compress(content) if packed else content, contract)


@FUZZ
@given(table=TABLES)
def test_any_html(contract: Contract, table: Any) -> None:
    head, rows = table
    cells = ["".join(f"<td>{cell}</td>" for cell in row) for row in [head, *rows]]
    goes_through(f"<table><tr>{'</tr><tr>'.join(cells)}</tr></table>".encode("utf-16", errors="replace"), contract)


@settings(FUZZ, max_examples=10)
@given(table=TABLES)
def test_any_xlsx(contract: Contract, table: Any) -> None:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for r, row in enumerate([table[0], *table[1]]):
            for c, cell in enumerate(row):
                sheet.write_string(r, c, cell.encode(errors="replace").decode())
    goes_through(file.getvalue(), contract)


@FUZZ
@given(records=OBJECTS)
def test_any_json(contract: Contract, records: Any) -> None:
    goes_through(as_bytes(records), contract)


@FUZZ
@given(records=OBJECTS, bad=st.binary(max_size=20))
def test_any_ndjson(contract: Contract, records: Any, bad: bytes) -> None:
    goes_through(b"\n".join([*map(as_bytes, records), bad, b'{"station":"A"}']), contract)


@FUZZ
@given(entities=ENTITIES)
def test_any_ngsi_ld(contract: Contract, entities: Any) -> None:
    goes_through(as_bytes(entities), contract)
