"""The parser of NGSI-LD's query language."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from khue.contract.contract import Contract
from khue.contract.errors import Refused
from khue.contract.label import Label
from khue.contract.property import Property
from khue.contract.query import All, Any_, Comparison, Not
from khue.sharing.q import like, parse

LABEL = Label("", "")
RAIN = Contract(
    type="rain",
    entity_type="Rain",
    version="1.0.0",
    kind="measure",
    status="active",
    label=LABEL,
    description="",
    owner="",
    key="{name}",
    observed_at=None,
    checks=(),
    properties=(Property("name", "string", LABEL), Property("amount", "number", LABEL, term="precipitation")),
)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("precipitation>20", Comparison("amount", ">", "20")),
        ("precipitation", Comparison("amount", "is not null")),
        ('name=="Láng; Hạ"', Comparison("name", "=", "Láng; Hạ")),
        (r'name=="a\"b"', Comparison("name", "=", 'a"b')),
        ("precipitation==1.5..20", Comparison("amount", "between", ("1.5", "20"))),
        ("precipitation==1,2,3", Comparison("amount", "in", ("1", "2", "3"))),
        ("precipitation!=1,2", All((Comparison("amount", "is not null"), Not(Comparison("amount", "in", ("1", "2")))))),
        ('name~="^Hà.*"', Comparison("name", "like", "Hà%")),
        ('name!~="x"', Not(Comparison("name", "like", "%x%"))),
        ("name;precipitation<=2", All((Comparison("name", "is not null"), Comparison("amount", "<=", "2")))),
        (
            "name|(precipitation>1;precipitation<2)",
            Any_(
                (
                    Comparison("name", "is not null"),
                    All((Comparison("amount", ">", "1"), Comparison("amount", "<", "2"))),
                )
            ),
        ),
        ("precipitation.observedAt>2026-11-22T08:00:00Z", Comparison("_observed_at", ">", "2026-11-22T08:00:00Z")),
        ("quality<0.9", Comparison("_quality", "<", "0.9")),
    ],
)
def test_queries_mean_what_the_standard_says(text: str, meaning) -> None:
    assert parse(text, RAIN) == meaning


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "character 1"),
        ("precipitation>", "character 15"),
        ("(precipitation>1", "character 17"),
        ("precipitation>1;;name", "character 17"),
        ("precipitation>1)", "character 16"),
        ("5>precipitation", "character 1"),
        ('name=="open', "character 7"),
        ("(" * 50 + "name", "character 22"),
    ],
)
def test_an_error_points_at_its_place(text: str, place: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(text, RAIN)
    assert place in refused.value.where


def test_an_unknown_attribute_is_refused_with_those_that_exist() -> None:
    with pytest.raises(Refused, match="name, precipitation"):
        parse("rainfall>1", RAIN)


@pytest.mark.parametrize("pattern", ["a|b", "[ab]", "a{2}", "(a)", "a+"])
def test_a_pattern_beyond_the_plain_ones_is_refused(pattern: str) -> None:
    with pytest.raises(Refused):
        like(pattern)


@given(text=some.one_of(some.text(), some.text('namepricto><=!~|;,.()"\\1 ', max_size=40)))
@example("name==1..2..3")
@example("name[x]")
@example('name~="\\')
def test_no_text_raises_anything_but_refused(text: str) -> None:
    try:
        parse(text, RAIN)
    except Refused as refused:
        assert refused.sentence()
