"""The read doors of NGSI-LD over a real ledger."""

import httpx
import pytest

pytestmark = pytest.mark.anyio
HERE = "/ngsi-ld/v1"
LANG = "urn:ngsi-ld:RainObserved:lang"


async def names(doors: httpx.AsyncClient, **parameters) -> list[str]:
    answer = await doors.get(f"{HERE}/entities", params={"type": "RainObserved", **parameters})
    assert answer.status_code == 200, answer.text
    return [one["id"].rsplit(":", 1)[1] for one in answer.json()]


async def test_an_entity_is_normalized_with_time_unit_place_and_quality(written, doors: httpx.AsyncClient) -> None:
    answer = await doors.get(f"{HERE}/entities/{LANG}")
    assert answer.headers["content-type"] == "application/json"
    assert 'khue-context.jsonld>; rel="http://www.w3.org/ns/json-ld#context"' in answer.headers["link"]
    assert answer.json() == {
        "id": LANG,
        "type": "RainObserved",
        "name": {"type": "Property", "value": "Láng", "observedAt": "2026-11-22T01:00:00Z"},
        "precipitation": {"type": "Property", "value": 12.5, "observedAt": "2026-11-22T01:00:00Z", "unitCode": "MMT"},
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [105.8, 21.02]}},
        "quality": {"type": "Property", "value": 1.0},
    }


async def test_the_other_forms_say_less(written, doors: httpx.AsyncClient) -> None:
    simple = (
        await doors.get(f"{HERE}/entities/{LANG}", params={"options": "keyValues", "attrs": "name,location"})
    ).json()
    assert simple == {
        "id": LANG,
        "type": "RainObserved",
        "name": "Láng",
        "location": {"type": "Point", "coordinates": [105.8, 21.02]},
    }
    concise = (await doors.get(f"{HERE}/entities/{LANG}?options=concise,sysAttrs")).json()
    assert concise["precipitation"] == {"value": 12.5, "observedAt": "2026-11-22T01:00:00Z", "unitCode": "MMT"}
    assert concise["modifiedAt"] == "2026-11-22T01:00:00Z"


async def test_what_the_contract_does_not_know_is_shown_too(written, doors: httpx.AsyncClient) -> None:
    address = f"{HERE}/entities/urn:ngsi-ld:RainObserved:socson"
    assert (await doors.get(address)).json()["note"] == {"type": "Property", "value": "x"}
    assert (await doors.get(address, params={"options": "keyValues"})).json()["note"] == "x"


async def test_json_ld_holds_its_context(written, doors: httpx.AsyncClient) -> None:
    answer = await doors.get(f"{HERE}/entities/{LANG}", headers={"accept": "application/ld+json"})
    assert answer.headers["content-type"] == "application/ld+json"
    context = (await doors.get(answer.json()["@context"])).json()
    assert context["@context"][0]["precipitation"].endswith("/precipitation")


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, ["hadong", "lang", "socson"]),
        ({"q": "precipitation>5"}, ["lang"]),
        ({"q": 'name~="Hà.*"|broken==true'}, ["hadong", "socson"]),
        ({"attrs": "precipitation"}, ["hadong", "lang"]),
        ({"id": f"{LANG},urn:ngsi-ld:RainObserved:none"}, ["lang"]),
        ({"idPattern": ".*son$"}, ["socson"]),
        ({"georel": "near;maxDistance==2000", "geometry": "Point", "coordinates": "[105.8,21.02]"}, ["lang"]),
        (
            {"georel": "within", "geometry": "Polygon",
             "coordinates": "[[[105.7,20.9],[105.79,20.9],[105.79,21],[105.7,21],[105.7,20.9]]]"},
            ["hadong"],
        ),
        (
            {"georel": "within", "geometry": "Polygon",
             "coordinates": "[[[105.7,20.9],[105.9,20.9],[105.9,21.1],[105.8,21.2],[105.7,21],[105.7,20.9]]]"},
            ["hadong", "lang"],
        ),
        ({"limit": "1", "offset": "1"}, ["lang"]),
        ({"at": "2026-11-22T00:30:00Z"}, []),
    ],
)  # fmt: skip
async def test_entities_are_found_by_what_is_asked(written, doors: httpx.AsyncClient, parameters, expected) -> None:
    assert sorted(await names(doors, **parameters)) == expected


async def test_a_page_says_how_many_there_are_and_where_the_next_is(written, doors: httpx.AsyncClient) -> None:
    answer = await doors.get(f"{HERE}/entities?type=RainObserved&limit=2&count=true")
    assert answer.headers["ngsild-results-count"] == "3"
    following = next(link for link in answer.headers["link"].split(", ") if 'rel="next"' in link)
    answer = await doors.get(following[1 : following.index(">")])
    assert len(answer.json()) == 1
    assert 'rel="next"' not in answer.headers["link"]
    counted = await doors.get(f"{HERE}/entities?type=RainObserved&limit=0&count=true")
    assert (counted.json(), counted.headers["ngsild-results-count"]) == ([], "3")


@pytest.mark.parametrize(
    ("address", "status", "kind"),
    [
        ("entities", 400, "BadRequestData"),
        ("entities?type=RainObserved&scopeQ=/a", 400, "BadRequestData"),
        ("entities?type=Snow", 404, "ResourceNotFound"),
        ("entities?type=RainObserved&limit=1001", 400, "BadRequestData"),
        ("entities?type=RainObserved&limit=-1", 400, "BadRequestData"),
        ("entities?type=RainObserved&limit=0", 400, "BadRequestData"),
        ("entities?type=RainObserved&q=precipitation>", 400, "BadRequestData"),
        ("entities?type=RainObserved&q=precipitation>much", 400, "BadRequestData"),
        ("entities?type=RainObserved&options=pretty", 400, "BadRequestData"),
        ("entities?type=RainObserved&georel=near&geometry=Point&coordinates=[1,2]", 400, "BadRequestData"),
        ("entities?type=RainObserved&georel=within&geometry=Polygon&coordinates=[[[[]]]]", 400, "BadRequestData"),
        ("entities?type=RainObserved&georel=near;maxDistance==1&geometry=Point&coordinates={", 400, "BadRequestData"),
        ("entities/urn:ngsi-ld:RainObserved:none", 404, "ResourceNotFound"),
        ("entities/nothing", 404, "ResourceNotFound"),
        ("entities/urn:ngsi-ld:RainObserved:a%00b", 400, "BadRequestData"),
        (f"temporal/entities/{LANG}?timerel=after", 400, "BadRequestData"),
        (f"temporal/entities/{LANG}?timerel=after&timeAt=today", 400, "BadRequestData"),
    ],
)
async def test_errors_are_problems_of_the_standard(written, doors: httpx.AsyncClient, address, status, kind) -> None:
    answer = await doors.get(f"{HERE}/{address}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"https://uri.etsi.org/ngsi-ld/errors/{kind}"
    assert answer.json()["detail"]


async def test_readings_over_time_are_newest_first_and_limited(written, doors: httpx.AsyncClient) -> None:
    for amount in (13.0, 14.0):
        written.commit({"_id": LANG, "station": "Láng", "amount": amount})
    address = f"{HERE}/temporal/entities/{LANG}"
    whole = (await doors.get(address)).json()
    assert [one["value"] for one in whole["precipitation"]] == [14.0, 13.0, 12.5]
    assert whole["precipitation"][0]["observedAt"] == "2026-11-22T03:00:00Z"
    short = (
        await doors.get(address, params={"lastN": "2", "options": "temporalValues", "attrs": "precipitation"})
    ).json()
    assert short == {
        "id": LANG, "type": "RainObserved",
        "precipitation": {
            "type": "Property", "values": [[14.0, "2026-11-22T03:00:00Z"], [13.0, "2026-11-22T02:00:00Z"]]
        },
    }  # fmt: skip
    between = {"timerel": "between", "timeAt": "2026-11-22T01:00:00Z", "endTimeAt": "2026-11-22T03:00:00Z"}
    found = (await doors.get(address, params={**between, "attrs": "precipitation"})).json()
    assert [one["value"] for one in found["precipitation"]] == [13.0, 12.5]
    after = {"timerel": "after", "timeAt": "2026-11-22T02:00:00Z"}
    assert len((await doors.get(address, params=after)).json()["precipitation"]) == 1
    assert (await doors.get(address, params={"timerel": "before", "timeAt": "2026-01-01T00:00:00Z"})).status_code == 404


async def test_types_are_listed_with_their_attributes(written, doors: httpx.AsyncClient) -> None:
    assert (await doors.get(f"{HERE}/types")).json()["typeList"] == ["RainObserved"]
    details = (await doors.get(f"{HERE}/types?details=true")).json()
    assert details[0]["attributeNames"] == ["name", "precipitation", "broken", "dateObserved"]
