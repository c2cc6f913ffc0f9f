import pytest
from hypothesis import given
from hypothesis import strategies as st

from khue.contract.errors import ContractError
from khue.contract.predicate import EXAMPLE_COLUMNS, FUNCTIONS, OPERATORS, read_predicate


@pytest.mark.parametrize("sql", [*(f.example for f in FUNCTIONS.values()), *OPERATORS.values()])
def test_every_listed_example_is_a_predicate(sql: str) -> None:
    assert read_predicate(sql, EXAMPLE_COLUMNS).columns <= set(EXAMPLE_COLUMNS)


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("LOWER(t) = 'a'", "LOWER is not known"),
        ("pg_sleep(3)", "pg_sleep is not known"),
        ("COUNT(n) > 1", "COUNT is not known"),
        ("CAST(n AS INTEGER) = 1", "CAST is not known"),
        ("n::int = 1", "cannot use “::”"),
        ("t ~ 'a'", "REGEXP_LIKE"),
        ("n BETWEEN SYMMETRIC 2 AND 1", "smaller bound first"),
        ("n / 2 > 1", "cannot use Div"),
        ("(SELECT 1)", "cannot use Subquery"),
        ("n = 1; DROP TABLE x", "exactly one"),
        ("", "exactly one"),
        ("-- 1\n n > 1", "comment"),
        ("x > 1", "not a property"),
        ("a.n > 1", "names a table"),
        ("1 = 1", "looks at no property"),
        ("n", "boolean is needed"),
        ("n > 'a'", "mixes number with string"),
        ("t > 'a'", "orders strings"),
        ("o > '2020-01-01'", "DATE '2020-12-31'"),
        ("o > DATE '2020-13-01'", "not a date"),
        ("n = NULL", "never true"),
        ("n IN (1, NULL)", "never true"),
        ("b IS TRUE", "looks only for null"),
        ("CASE n WHEN 1 THEN b END", "CASE with a value"),
        ("t LIKE t", "written out"),
        (r"REGEXP_LIKE(t, '\d')", "[0-9]"),
        ("REGEXP_LIKE(t, '(')", "not a regular expression"),
        ("SUBSTR(t, 0, 1) = 'a'", "from 1"),
        ("EXTRACT(HOUR FROM o) = 1", "cannot take HOUR"),
        ("GREATEST(n) > 1", "at least two"),
        ("(" * 300 + "b" + ")" * 300, "parentheses"),
        ("b AND " * 100 + "b", "nested too deeply"),
        ("b OR " * 1000 + "b", "characters"),
    ],
)
def test_what_the_two_engines_could_read_differently_is_refused(sql: str, says: str) -> None:
    with pytest.raises(ContractError) as caught:
        read_predicate(sql, EXAMPLE_COLUMNS, "f.yaml:3")
    assert caught.value.where == "f.yaml:3"
    assert says in str(caught.value)


PIECES = st.sampled_from(
    [
        *"nmitbo",
        "(",
        ")",
        ",",
        "AND",
        "NOT",
        "IN",
        "=",
        "<",
        "'a'",
        "1",
        "CASE",
        "WHEN",
        "END",
        "ABS",
        "--",
        ";",
        "\x00",
    ]
)


@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=25).map(" ".join)))
def test_any_text_is_read_or_refused(sql: str) -> None:
    try:
        read_predicate(sql, EXAMPLE_COLUMNS)
    except ContractError:
        return
