"""What `clean` promises: one row at a time, everything accounted for, every reason kept."""

import datetime as dt
import json
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from tests.clean.contracts import AIR, NOW, STATIONS, batch

from khue.clean.clean import clean
from khue.clean.compile import all_checks
from khue.contract.batch import Batch
from khue.contract.cleaned import Cleaned
from khue.contract.contract import Locate, draft_contract
from khue.contract.property import Normaliser

GOOD = {"station": ["Hoàng Mai"], "at": ["2026-11-22 08:05:00"], "pm25": ["12,5"], "pm10": ["30"]}
REFERENCE = {"station": STATIONS}


def cleaned(columns: dict, **others: object) -> Cleaned:
    return clean(batch({**GOOD, **columns}, **others), AIR, REFERENCE, NOW)


def reasons_of(result: Cleaned) -> list[dict]:
    return json.loads(result.quarantined["reasons"][0])


def test_a_clean_record_enters_with_its_system_columns() -> None:
    row = cleaned({"lon": ["105,85"], "lat": ["20°58'12\""]}).rows.to_dicts()[0]
    assert row["_id"] == "urn:ngsi-ld:AirQualityObserved:Hoàng-Mai"
    assert row["_observed_at"] == NOW
    assert (row["_x"], row["_y"]) == (105.85, pytest.approx(20.97))
    assert row["_cell"] is not None
    assert (row["_agency"], row["_visible_to"], row["_flags"], row["_held"]) == ("stnmt", [], [], [])
    assert (row["_dimensions"], row["_deleted"], row["_extra"], row["_given"]) == (0, False, None, None)
    assert row["_passed"] == row["_applicable"] > 0
    assert (row["pm25"], row["station__folded"]) == (12.5, "hoang mai")


def test_a_held_value_is_empty_and_the_rest_goes_on() -> None:
    result = cleaned({"pm25": ["1.200,5"]}, headings={"pm25": "Bụi PM2.5"})
    row, waits = result.rows.to_dicts()[0], result.quarantined.to_dicts()[0]
    assert (row["pm25"], row["pm10"]) == (None, 30.0)
    assert row["_held"] == ["pm25"]
    assert row["_flags"] == ["parts_of_whole", "pm25_physical", "pm25_rare"]
    assert row["_dimensions"] == 0b10001
    assert row["_applicable"] - row["_passed"] == 3 + 1 + 1
    assert (waits["action"], waits["fields"], waits["_flags"]) == ("hold", ["pm25"], row["_flags"])
    assert json.loads(waits["received"])["pm25"] == "1.200,5"
    first = reasons_of(result)[0]
    assert first == {
        "check": "pm25_physical",
        "dimension": "accurate",
        "field": "pm25",
        "column": "Bụi PM2.5",
        "row": 0,
        "value": "1.200,5",
        "vi": "Dòng 0, cột Bụi PM2.5: 1.200,5 vượt ngưỡng 1.000",
        "en": "Row 0, column Bụi PM2.5: 1.200,5 is over 1,000",
    }


def test_a_rejected_record_is_in_quarantine_alone_with_all_its_reasons() -> None:
    result = cleaned({"station": [None], "pm25": ["bụi"], "count": ["2000"]})
    assert result.rows.height == 0
    assert [reason["check"] for reason in reasons_of(result)] == ["station_required", "count_even", "pm25_type"]
    assert result.quarantined["action"].to_list() == ["reject"]


def test_what_cannot_be_read_is_not_missing() -> None:
    result = clean(batch({**GOOD, "at": ["hôm qua"]}), AIR, REFERENCE, NOW)
    assert [reason["check"] for reason in reasons_of(result)] == ["at_type"]
    assert result.rows.height == 0


def test_json_types_are_read_without_text() -> None:
    columns = {"pm25": [12.5], "pm10": [30], "count": [2.0], "works": [True], "about": ['{"a": 1}']}
    row = cleaned(columns).rows.to_dicts()[0]
    assert (row["pm25"], row["pm10"], row["count"], row["works"], row["about"]) == (12.5, 30.0, 2, True, '{"a": 1}')
    lost = cleaned({"pm25": [float("nan")], "count": [2.5], "works": ["có lẽ"], "about": ["["]})
    assert lost.rows["_held"].to_list() == [["about", "count", "pm25", "works"]]


def test_json_numbers_as_names_make_the_ids_that_text_makes() -> None:
    ids = [cleaned({"station": [value]}).rows["_id"][0] for value in (5, 5.0, "5", " 5 ")]
    assert set(ids) == {"urn:ngsi-ld:AirQualityObserved:5"}


def test_unknown_columns_are_kept_in_extra_and_received() -> None:
    result = cleaned({"ghi chú": ['a "b" \x00'], "_extra": ['{"more": 1}'], "count": ["5000"]})
    assert json.loads(result.quarantined["received"][0])["ghi chú"] == 'a "b" \x00'
    row = cleaned({"ghi chú": ["x\x00"], "_extra": ['{"more": 1}']}).rows.to_dicts()[0]
    assert json.loads(row["_extra"]) == {"ghi chú": "x\ufffd", "more": 1}


def test_a_nul_in_text_is_no_text_and_its_reason_can_be_kept() -> None:
    result = cleaned({"level": ["go\x00od"]})
    assert result.rows["_held"].to_list() == [["level"]]
    assert "\\u0000" not in result.quarantined["reasons"][0]


@pytest.mark.parametrize(
    ("declared", "own", "flagged"), [("GQ", "µg/m3", False), ("GQ", "ppm", True), ("59", "ppm", True)]
)
def test_the_sources_declaration_of_units_rules(declared: str, own: str, flagged: bool) -> None:
    result = cleaned({"_unit.pm25": [own]}, units={"pm25": declared})
    assert ("pm25_unit" in result.rows["_flags"][0]) is flagged


def test_a_reference_that_is_not_in_the_register_is_flagged_and_without_register_says_nothing() -> None:
    assert cleaned({"station": ["Lạ"]}).rows["_flags"][0].to_list() == ["station_known"]
    assert clean(batch({**GOOD, "station": ["Lạ"]}), AIR, {}, NOW).rows["_flags"][0].to_list() == []


def test_a_place_by_reference_is_that_of_the_record_named() -> None:
    contract = replace(AIR, locate=Locate("reference", through="station"))
    rows = clean(batch({**GOOD, "station": ["Hoàng Mai"]}), contract, REFERENCE, NOW).rows
    assert rows.select("_x", "_y", "_area").row(0) == (105.85, 20.97, "00331")
    lost = clean(batch({**GOOD, "station": ["Lạ"]}), contract, REFERENCE, NOW).rows
    assert lost.select("_x", "_y", "_area", "_cell").row(0) == (None, None, None, None)


def test_swapped_coordinates_are_not_swapped_back() -> None:
    rows = cleaned({"lon": ["21.02"], "lat": ["105.85"]}).rows
    assert rows.select("_x", "_y", "_cell").row(0) == (None, None, None)


def test_a_waived_check_lets_the_value_pass_and_says_so() -> None:
    row = cleaned({"pm25": ["1200"], "pm10": ["1500"]}, waived=frozenset({"pm25_physical"})).rows.to_dicts()[0]
    assert row["pm25"] == 1200.0
    assert row["_flags"] == ["pm25_rare", "released:pm25_physical"]
    assert row["_applicable"] - row["_passed"] == 1


def test_a_date_is_midnight_of_the_sources_zone() -> None:
    contract = replace(AIR, observed_at="day", checks=())
    for zone, hour in (("Asia/Ho_Chi_Minh", 17), ("UTC", 0)):
        result = clean(batch({"station": ["A"], "day": ["02/01/2021"]}, profile={"zone": zone}), contract, {}, NOW)
        assert result.rows["_observed_at"][0].hour == hour
    assert clean(batch({"station": ["A"]}), contract, {}, NOW).rows["_observed_at"][0] == NOW
    lost = clean(batch({"station": ["A"], "day": ["32/01/2021"]}), contract, {}, NOW)
    assert [reason["check"] for reason in reasons_of(lost)] == ["day_type"]


@pytest.mark.parametrize(
    ("blank", "value", "given"), [("unknown", None, False), ("zero", 0.0, True), ("clear", None, True)]
)
def test_an_empty_cell_means_what_the_source_says(blank: str, value: float | None, given: bool) -> None:
    result = clean(batch({**GOOD, "pm25": [" "]}, blank={"pm25": blank}, mode="patch"), AIR, REFERENCE, NOW)
    row = result.rows.to_dicts()[0]
    assert row["pm25"] == value
    assert ("pm25" in row["_given"]) is given


def test_a_patch_keeps_to_what_was_given() -> None:
    columns = {"_id": ["urn:x"], "pm25": ["5000"], "pm10": [None], "_given": [["pm25", "pm10"]]}
    result = clean(batch(columns, mode="patch"), AIR, REFERENCE, NOW)
    row = result.rows.to_dicts()[0]
    assert (row["_id"], row["pm25"], row["_given"]) == ("urn:x", None, ["pm25", "pm10"])
    assert json.loads(result.quarantined["received"][0]) == {"_id": "urn:x", "pm25": "5000", "pm10": None}
    deleted = clean(batch({"_id": ["urn:x"], "station": [None], "_given": [["station"]]}, mode="patch"), AIR, {}, NOW)
    assert [reason["check"] for reason in reasons_of(deleted)] == ["station_required"]


def test_a_deletion_fails_nothing() -> None:
    row = clean(batch({"_id": ["urn:x"], "_deleted": [True]}), AIR, {}, NOW).rows.to_dicts()[0]
    assert (row["_deleted"], row["_flags"], row["_applicable"]) == (True, [], 0)


def test_a_draft_type_keeps_everything_in_extra() -> None:
    result = clean(Batch("new", pl.DataFrame({"id": ["7", None], "a": [1, 2]}), ()), draft_contract("new"), {}, NOW)
    assert result.rows["_id"].to_list() == ["urn:ngsi-ld:new:7"]
    assert json.loads(result.rows["_extra"][0]) == {"id": "7", "a": 1}
    assert [reason["check"] for reason in reasons_of(result)] == ["identity"]


def test_an_empty_frame_has_the_columns_of_a_full_one() -> None:
    full = cleaned({})
    empty = clean(batch({name: pl.Series([], dtype=pl.String) for name in GOOD}), AIR, REFERENCE, NOW)
    assert empty.rows.schema == full.rows.schema
    assert empty.quarantined.schema == full.quarantined.schema
    assert empty.rows.height == empty.quarantined.height == 0


def test_more_checks_than_bits_are_all_kept() -> None:
    many = tuple(replace(AIR.checks[3], name=f"rare_{number:03}") for number in range(150))
    result = clean(batch({**GOOD, "pm25": ["900"]}), replace(AIR, checks=many), {}, NOW)
    assert result.rows["_flags"][0].to_list() == [one.name for one in many]


def test_the_decimal_of_the_contract_rules() -> None:
    properties = tuple(
        replace(prop, normalise=(Normaliser("number", {"decimal": ","}),)) if prop.name == "pm25" else prop
        for prop in AIR.properties
    )
    row = clean(batch({**GOOD, "pm25": ["1.234"]}), replace(AIR, properties=properties, checks=()), {}, NOW).rows
    assert row["pm25"][0] == 1234.0


CELLS = {
    "station": ["Hoàng Mai", " Đống  Đa", "Hoa\u0300ng Mai", "a/b?#", "9", "", None, "x" * 50, "Lạ\x00"],
    "at": ["2026-11-22T08:05:00Z", "22/11/2026 08:05", "22/11/2026", "44500.5", "mai", None],
    "pm25": ["12,5", "1.200,5", "600", "-1", "NaN", "bụi", "", None],
    "pm10": ["30", "3e3", "5", None],
    "count": ["1", "1.000", "2000", "1,5", None],
    "day": ["31/10/2021", "2021-10-31", "31/31/2021", None],
    "works": ["có", "không", "có lẽ", None],
    "level": ["Tốt", "xau", "?", None],
    "about": ['{"a": 1}', "[", None],
    "lon": ["105.85", "200", None],
    "lat": ["20°58'12\"", "20,97", "Bắc", None],
    "_unit.pm25": ["µg/m³", "ppm", None],
    "lạ": ["1", '"', None],
}
RECORDS = st.fixed_dictionaries({name: st.sampled_from(cells) for name, cells in CELLS.items()})


@given(records=st.lists(RECORDS, min_size=1, max_size=30), cut=st.integers(0, 30), patch=st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_frame_may_be_cut_anywhere(records: list[dict], cut: int, patch: bool) -> None:
    frame = pl.DataFrame(records, schema=dict.fromkeys(CELLS, pl.String)).with_columns(
        _record=pl.int_range(len(records), dtype=pl.Int32), _row=pl.int_range(len(records), dtype=pl.Int64)
    )
    whole = Batch(
        "air", frame, (), mode="patch" if patch else "replace", units={"pm25": "GQ"}, headings={"pm25": "Bụi"}
    )
    together = clean(whole, AIR, REFERENCE, NOW)
    parts = [
        clean(replace(whole, frame=part), AIR, REFERENCE, NOW) for part in (frame[:cut], frame[cut:]) if part.height
    ]
    parts += [] if patch else [clean(replace(whole, frame=frame[:0]), AIR, REFERENCE, NOW)]
    assert_frame_equal(together.rows, pl.concat(part.rows for part in parts))
    assert_frame_equal(together.quarantined, pl.concat(part.quarantined for part in parts))
    entered, waits = set(together.rows["_record"]), together.quarantined
    assert entered | set(waits["_record"]) == set(range(len(records)))
    assert entered.isdisjoint(waits.filter(pl.col("action") == "reject")["_record"])
    assert set(waits.filter(pl.col("action") == "hold")["_record"]) == set(
        together.rows.filter(pl.col("_held").list.len() > 0)["_record"]
    )


@given(record=RECORDS, height=st.sampled_from([300, 700]))
@settings(max_examples=15, deadline=None)
def test_one_record_is_the_same_among_many(record: dict, height: int) -> None:
    schema = dict.fromkeys(CELLS, pl.String)
    filler = {name: cells[0] for name, cells in CELLS.items()}
    one = clean(Batch("air", pl.DataFrame([record], schema=schema), ()), AIR, REFERENCE, NOW)
    many = clean(Batch("air", pl.DataFrame([record, *[filler] * height], schema=schema), ()), AIR, REFERENCE, NOW)
    assert_frame_equal(one.rows, many.rows.filter(pl.col("_record") == 0))
    assert_frame_equal(one.quarantined, many.quarantined.filter(pl.col("_record") == 0))


def test_every_property_has_a_type_check() -> None:
    assert {one.field for one in all_checks(AIR) if one.kind == "type"} == set(AIR.by_name)


def test_now_is_an_argument() -> None:
    later = NOW + dt.timedelta(days=1)
    assert (
        clean(batch({"station": ["A"]}), replace(AIR, observed_at=None, checks=()), {}, later).rows["_observed_at"][0]
        == later
    )


def test_records_without_a_single_value_are_rejected_one_by_one() -> None:
    result = clean(Batch("air", pl.DataFrame({"_row": [1, 2]}), ()), AIR, REFERENCE, NOW)
    assert result.quarantined["received"].to_list() == [b"{}", b"{}"]


def test_a_row_that_could_not_be_decoded_is_rejected_for_that_alone_with_its_text() -> None:
    line = '{"_line":{"type":"Property","value":"{\\"pm25\\": nope"}}'
    columns = {
        "station": [None, "Đống Đa"],
        "at": [None, "2026-11-22 08:05:00"],
        "pm25": [None, "3"],
        "pm10": [None, "4"],
        "_broken": ["the line is no JSON: unexpected", None],
        "_extra": [line, None],
    }
    result = cleaned(columns)
    assert result.rows["station"].to_list() == ["Đống Đa"]
    assert result.quarantined.select("_record", "action", "_flags").rows() == [(0, "reject", ["decode"])]
    (reason,) = reasons_of(result)
    assert (reason["check"], reason["dimension"], reason["value"]) == ("decode", "clean", columns["_broken"][0])
    assert all("the line is no JSON: unexpected" in reason[language] for language in ("vi", "en"))
    assert json.loads(result.quarantined["received"][0]) == json.loads(line)
    assert result.rows["_flags"].to_list() == [[]]
