"""Row security: who sees which rows, and that it keeps the indexes in use."""

from typing import Any

import psycopg
import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from khue.contract.contract import Contract
from khue.contract.query import Query, Window
from khue.contract.scope import EVERYTHING, PUBLIC, Scope
from khue.ledger.database import Database
from khue.ledger.query import Builder
from khue.ledger.read import Reader

AGENCIES = ("health", "hydrology", "police")
AREAS = ("dong-anh", "hoang-mai", "soc-son")
ROWS = [
    {"_id": f"{agency}.{area}.{''.join(seen)}", "_agency": agency, "_area": area, "_visible_to": list(seen)}
    for agency in AGENCIES
    for area in (None, *AREAS)
    for seen in ((), ("police",), ("soc-son",), ("dong-anh", "health"))
]


def may_see(row: dict[str, Any], scope: Scope) -> bool:
    named = scope.agencies | scope.areas
    return row["_agency"] in scope.agencies or row["_area"] in scope.areas or bool(named & set(row["_visible_to"]))


@pytest.mark.both_servers
def test_a_scope_sees_exactly_the_rows_that_are_its_own(write, database: Database, rain: Contract) -> None:
    write.commit(*ROWS)
    subsets = some.builds(
        Scope,
        role=some.just("scoped"),
        agencies=some.frozensets(some.sampled_from((*AGENCIES, "", "nobody"))),
        areas=some.frozensets(some.sampled_from((*AREAS, "", "nowhere"))),
    )
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(Reader(database, {"rain": rain}, connections=2)) as reader,
    ):

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(scope=subsets, of=some.sampled_from(("state", "history", "readings")))
        def sees_its_own(scope: Scope, of: Any) -> None:
            page = portal.call(reader.query, Query("rain", of=of, limit=1_000), scope)
            assert {row["_id"] for row in page.rows} == {row["_id"] for row in ROWS if may_see(row, scope)}

        sees_its_own()
        assert len(portal.call(reader.query, Query("rain", limit=1_000), EVERYTHING).rows) == len(ROWS)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            portal.call(reader.query, Query("rain"), PUBLIC)


@pytest.mark.both_servers
def test_a_scoped_login_sees_nothing_without_a_scope_and_cannot_widen_it(write, database: Database) -> None:
    write.commit(*ROWS)
    with psycopg.connect(database.scoped, autocommit=True) as connection:
        assert connection.execute("select count(*) from state.rain").fetchone() == (0,)
        with connection.transaction():
            connection.execute("set local khue.scopes = '{1}'")
            narrow = connection.execute("select count(*) from state.rain").fetchone()[0]
            assert 0 < narrow < len(ROWS)
        assert connection.execute("select count(*) from history.rain").fetchone() == (0,)
        for statement in (
            "select set_config('khue.scopes', '{1,2,3}', false)",
            'select count(*) from history."rain@other"',
            "select count(*) from khue.quarantine",
            "select hash from khue.commit",
            "set role khue_owner",
            "delete from state.rain",
        ):
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)):
                connection.execute(statement.encode())


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (Query("rain", geometry=Window(105.80, 21.00, 105.805, 21.005)), "rain_s_cell"),
        (Query("rain", ids=("e500", "e501")), "rain_pkey"),
        (Query("rain", of="history", ids=("e500",)), "_id__observed_at"),
        (Query("rain", of="readings", ids=("e500",)), "_id__observed_at"),
        (Query("rain", since="2026-11-22 01:00Z", until="2026-11-22 01:01Z"), "rain_s_observed_at"),
        (Query("rain", of="history", since="2026-11-22 01:00Z", until="2026-11-22 01:01Z"), "_observed_at"),
    ],
)
@pytest.mark.both_servers
def test_a_scoped_reader_uses_the_indexes(write, owner, database: Database, rain: Contract, query, index) -> None:
    write.commit({"_id": "first"})
    owner.execute(FILL)
    owner.execute("analyze state.rain")
    owner.execute("analyze history.rain")
    statement = Builder(query, rain, cells=lambda _: [400, 401]).rows()
    with psycopg.connect(database.scoped) as connection:
        connection.execute("set local khue.scopes = '{1,2,3}'")
        plan = "\n".join(
            line for (line,) in connection.execute(b"explain " + statement.text.as_bytes(None), statement.values)
        )
    assert index in plan
    assert "Seq Scan on rain" not in plan


FILL = """
with made as (
    select 'e' || g as id, timestamptz '2026-11-22 00:00Z' + g * interval '1 s' as at,
           105 + g % 1000 * 0.001 as x, 21 + g % 997 * 0.001 as y, g % 5000 as cell, 1 + g % 3 as scope
    from generate_series(1, 20000) as g
), kept as (
    insert into state.rain (_id, _observed_at, _recorded_at, _seq, _record, _x, _y, _cell, _scope, _flags, _held,
                            _deleted, _digest)
    select id, at, at, 1, 0, x, y, cell, scope, '{}', '{}', false, '' from made
)
insert into history.rain (_id, _observed_at, _recorded_at, _seq, _record, _x, _y, _cell, _scope, _flags, _held,
                          _deleted, _digest)
select id, at, at, 1, 0, x, y, cell, scope, '{}', '{}', false, '' from made
"""
