"""Every function and operator that a predicate may use gives the same in Polars and in PostgreSQL."""

import datetime as dt
from collections.abc import Iterator

import polars as pl
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from khue.clean.sql_predicate import sql_predicate
from khue.contract.predicate import EXAMPLE_COLUMNS, FUNCTIONS, OPERATORS, read_predicate
from khue.contract.property import SQL_TYPE
from khue.ledger.cluster import Cluster
from khue.ledger.database import connect

pytestmark = pytest.mark.both_servers
DTYPE = {"number": pl.Float64, "integer": pl.Int64, "string": pl.String, "boolean": pl.Boolean, "date": pl.Date}
SCHEMA = {name: DTYPE[logical_type] for name, logical_type in EXAMPLE_COLUMNS.items()}
COLUMNS = ", ".join(SCHEMA)
TYPES = ", ".join(SQL_TYPE[logical_type] + "[]" for logical_type in EXAMPLE_COLUMNS.values())
EXAMPLES = {**{f.name: f.example for f in FUNCTIONS.values()}, **OPERATORS}

NUMBERS = [None, 0.0, -0.0, 0.5, 1.0, 1.5, 2.5, -2.5, 3.0, 1e150, -7.25]
TEXTS = [None, "", "Hà Nội", "Ha Noi", "HÀ NỘI", "Huế", "Đống Đa", "Hoa\u0300ng", " x ", "9i", "a%b", "a\nb", "🌧"]
DATES = [None, dt.date(1900, 1, 1), dt.date(2021, 10, 31), dt.date(2020, 2, 29), dt.date(2026, 11, 22)]
ROWS = [
    (n, NUMBERS[(i * 3 + 1) % len(NUMBERS)], [None, 0, 1, 2, -5][i % 5], text, [None, True, False][i % 3], DATES[i % 5])
    for i, (n, text) in enumerate((n, text) for n in NUMBERS for text in TEXTS)
]


@pytest.fixture(scope="module")
def postgres(request: pytest.FixtureRequest, cluster: Cluster) -> Iterator[psycopg.Connection]:
    with connect(cluster.address()) as connection:
        yield connection


def in_polars(sql: str, rows: list[tuple]) -> list[bool | None]:
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    return frame.select(sql_predicate(sql)).to_series().to_list()


def in_postgres(connection: psycopg.Connection, sql: str, rows: list[tuple]) -> list[bool | None]:
    casts = ", ".join(f"%s::{name}" for name in TYPES.split(", "))
    columns = [list(column) for column in zip(*rows, strict=True)]
    query = (
        f"SELECT ({sql.replace('%', '%%')}) FROM unnest({casts}) WITH ORDINALITY AS r({COLUMNS}, place) ORDER BY place"
    )
    return [row[0] for row in connection.execute(query, columns).fetchall()]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_of_each_is_read_and_agrees(name: str, postgres: psycopg.Connection) -> None:
    sql = read_predicate(EXAMPLES[name], EXAMPLE_COLUMNS).sql
    assert in_polars(sql, ROWS) == in_postgres(postgres, sql, ROWS)


numbers = st.none() | st.floats(min_value=-1e6, max_value=1e6, allow_nan=False).map(lambda n: round(n, 3))
texts = st.none() | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8)
rows = st.tuples(
    numbers, numbers, st.none() | st.integers(-9, 9), texts, st.none() | st.booleans(),
    st.none() | st.dates(dt.date(1900, 1, 1), dt.date(2100, 12, 31)),
)  # fmt: skip


@given(chosen=st.lists(rows, min_size=1, max_size=40))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_all_agree_on_any_rows(chosen: list[tuple], postgres: psycopg.Connection) -> None:
    for sql in EXAMPLES.values():
        assert in_polars(sql, chosen) == in_postgres(postgres, sql, chosen), sql


def test_mixed_conditions_with_nulls_agree(postgres: psycopg.Connection) -> None:
    for sql in (
        "n > 0 OR NOT (m > 0) AND b",
        "CASE WHEN n IS NULL THEN m IS NULL ELSE n <> 0 END",
        "COALESCE(t, '') <> '' AND LENGTH(COALESCE(t, '')) < 7",
        "(n BETWEEN 0 AND 2) = b",
        "t NOT IN ('Huế', 'Đống Đa') OR t IS NULL",
        "REPLACE(t, 'Đ', 'D') LIKE 'D%'",
        "i * 2 - 1 > n + ABS(m)",
    ):
        assert in_polars(sql, ROWS) == in_postgres(postgres, sql, ROWS), sql
