"""The three forms of NGSI-LD give the same records; what is odd is broken alone."""

import orjson
import pytest

from khue.intake.decoders.ngsild import entities_frame

NAME = "urn:ngsi-ld:AirQualityObserved:A"
NORMALIZED = {
    "id": NAME, "type": "AirQualityObserved", "@context": "https://nowhere.invalid/context.jsonld",
    "station": {"type": "Property", "value": "A"},
    "at": {"type": "Property", "value": {"@type": "DateTime", "@value": "2026-05-21T09:00:00Z"}},
    "co": {"type": "Property", "value": 1.5, "unitCode": "GQ", "observedAt": "2026-05-21T08:00:00Z"},
    "zz": {"type": "Property", "value": 7},
}  # fmt: skip
CONCISE = {
    "id": NAME, "type": "AirQualityObserved", "station": "A", "at": "2026-05-21T09:00:00Z",
    "co": {"value": 1.5, "unitCode": "GQ"}, "zz": {"value": 7},
}  # fmt: skip
SIMPLIFIED = {
    "id": NAME,
    "type": "AirQualityObserved",
    "station": "A",
    "at": "2026-05-21T09:00:00Z",
    "co": 1.5,
    "zz": 7,
}


@pytest.mark.parametrize("entity", [NORMALIZED, CONCISE, SIMPLIFIED])
def test_every_form_gives_the_same_record(air, entity):
    frame = entities_frame([entity], air)
    assert frame.select("_id", "station", "at", "co").row(0) == (NAME, "A", "2026-05-21T09:00:00Z", 1.5)
    assert orjson.loads(frame["_extra"][0]) == {"zz": {"type": "Property", "value": 7}}


def test_forms_may_be_mixed_and_units_are_kept(air):
    frame = entities_frame([NORMALIZED, SIMPLIFIED, CONCISE], air)
    assert frame["co"].to_list() == [1.5] * 3
    assert frame["_unit.co"].to_list() == ["GQ", None, "GQ"]


def test_observed_time_is_taken_from_the_attributes_where_it_is_absent(air):
    entity = {"id": NAME, "co": {"value": 1, "observedAt": "2026-01-01T00:00:00Z"}}
    assert entities_frame([entity], air)["at"].to_list() == ["2026-01-01T00:00:00Z"]


def test_a_patch_names_what_was_given_and_null_deletes(air):
    frame = entities_frame([{"id": NAME, "co": "urn:ngsi-ld:null", "temp": None, "o3": {"value": 2}}], air, patch=True)
    assert sorted(frame["_given"][0]) == ["co", "o3", "temp"]
    assert frame.select("co", "temp", "o3").row(0) == (None, None, 2.0)


def test_odd_elements_are_broken_alone(air):
    odd = [3, None, {"id": 5}, {"id": NAME, "type": "Other"}, {"no": "id"}, SIMPLIFIED]
    frame = entities_frame(odd, air)
    assert frame["_broken"].is_null().to_list() == [False] * 5 + [True]
    assert frame["co"].to_list()[-1] == 1.5


def test_wrong_types_stay_text_and_numbers_keep_their_meaning(air):
    frame = entities_frame([{**SIMPLIFIED, "co": value} for value in ("1,5", 12.345, True, [1], 2)], air)
    assert frame["co"].to_list() == ["1,5", "12.3450", "true", "[1]", "2"]
