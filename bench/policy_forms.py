"""Compare the forms of row security on 1 M rows: `python bench/policy_forms.py DSN [ROWS]`.

DSN is that of a superuser of a scratch server.

Each form is a table with the same rows and its own policy, read by the same role with the same scope
(three agencies and six areas of 126). Prints the median of five runs of each query in milliseconds.
"""

import sys
from statistics import median
from time import perf_counter

import psycopg

NAMES = "string_to_array(nullif(current_setting('khue.names', true), ''), ',')"
IDS = "nullif(current_setting('khue.scopes', true), '')::int[]"
FORMS = {
    "none": "true",
    "array": "_names && nullif(current_setting('khue.name_ids', true), '')::int[]",
    "any": f"_scope = any({IDS})",
    "hashed ids": f"_scope in (select unnest({IDS}))",
    "exists": f"""exists (select from bench.register r where r.id = _scope
        and (r.agency = any({NAMES}) or r.area = any({NAMES}) or r.visible_to && {NAMES}))""",
    "hashed register": f"""_scope in (select r.id from bench.register r
        where r.agency = any({NAMES}) or r.area = any({NAMES}) or r.visible_to && {NAMES})""",
}
QUERIES = {
    "count": "select count(*) from {t}",
    "window": "select count(*) from {t} where _cell = any(array[5050,5051,5150,5151]::bigint[])"
    " and _x between 105.51 and 105.518 and _y between 20.505 and 20.515",
    "ids": "select count(*) from {t} where _id = any(array(select 'e' || g * 97 from generate_series(1, 50) g))",
    "hour": "select count(*) from {t} where _observed_at >= '2026-11-01 10:00Z' and _observed_at < '2026-11-01 11:00Z'",
    "newest 50": "select _id from {t} order by _observed_at desc limit 50",
}
MAKE = """
drop schema if exists bench cascade; create schema bench;
create table bench.source as
select 'e' || g as _id, 'agency' || (g::bigint * 7919 % 20) as _agency,
       case when g % 50 <> 0 then 'area' || (g::bigint * 104729 % 126) end as _area,
       case when g % 20 = 0 then array['area' || (g * 31 % 126)] else '{{}}'::text[] end as _visible_to,
       timestamptz '2026-11-01 00:00Z' + g * interval '0.5 s' as _observed_at,
       105 + (g * 7 % 10007) / 10007.0 as _x, 20 + (g * 13 % 10009) / 10009.0 as _y, g * 1.5 as value
from generate_series(1, {rows}) g;
create table bench.register as
select (row_number() over ())::int as id, * from
  (select distinct _agency as agency, _area as area, _visible_to as visible_to from bench.source) d;
create table bench.name as select (row_number() over ())::int as id, name from
  (select agency as name from bench.register union select area from bench.register
   union select unnest(visible_to) from bench.register) n where name is not null;
create table bench.ready as
select s.*, r.id as _scope,
       array(select n.id from bench.name n where n.name = any(array[s._agency, s._area] || s._visible_to)) as _names,
       (floor(s._x * 100) - 10500 + (floor(s._y * 100) - 2000) * 100)::bigint as _cell
from bench.source s join bench.register r
  on r.agency = _agency and r.area is not distinct from _area and r.visible_to = _visible_to;
do $$ begin create role bench_reader; exception when duplicate_object then null; end $$;
grant usage on schema bench to bench_reader; grant select on all tables in schema bench to bench_reader;
"""


def timed(connection: psycopg.Connection, sql: str) -> float:
    """Return the median of five runs in milliseconds."""
    runs = []
    for _ in range(5):
        start = perf_counter()
        connection.execute(sql).fetchall()
        runs.append((perf_counter() - start) * 1000)
    return median(runs)


def prepare(connection: psycopg.Connection, rows: int) -> None:
    """Make one table a form, each with its indexes and its policy."""
    connection.execute(MAKE.format(rows=rows))
    for number, policy in enumerate(FORMS.values()):
        table = f"bench.form{number}"
        connection.execute(f"create table {table} as select * from bench.ready")
        for column in ("_id", "_cell", "_observed_at"):
            connection.execute(f"create index on {table} ({column})")
        connection.execute(
            f"alter table {table} enable row level security; create policy p on {table} using ({policy});"
        )
        connection.execute(f"grant select on {table} to bench_reader")
        connection.execute(f"analyze {table}")
    connection.execute("analyze bench.register")


def main() -> None:
    """Print a table of medians."""
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    names = [f"agency{n}" for n in (1, 4, 9)] + [f"area{n}" for n in (3, 17, 44, 80, 99, 120)]
    with psycopg.connect(sys.argv[1], autocommit=True) as connection:
        prepare(connection, rows)
        scopes = connection.execute(
            "select array_agg(id)::text from bench.register"
            " where agency = any(%(n)s) or area = any(%(n)s) or visible_to && %(n)s",
            {"n": names},
        ).fetchone()[0]
        name_ids = connection.execute(
            "select array_agg(id)::text from bench.name where name = any(%s)", [names]
        ).fetchone()[0]
        total = connection.execute("select count(*) from bench.register").fetchone()[0]
        print(f"{rows} rows, register {total}, of them {scopes.count(',') + 1} in scope")
        for key, value in (("scopes", scopes), ("name_ids", name_ids), ("names", ",".join(names))):
            connection.execute("select set_config(%s, %s, false)", [f"khue.{key}", value])
        connection.execute("set role bench_reader; set max_parallel_workers_per_gather = 0")
        print(f"{'form':16}" + "".join(f"{query:>12}" for query in QUERIES) + f"{'rows seen':>12}")
        for number, form in enumerate(FORMS):
            times = [timed(connection, sql.format(t=f"bench.form{number}")) for sql in QUERIES.values()]
            seen = connection.execute(f"select count(*) from bench.form{number}").fetchone()[0]
            print(f"{form:16}" + "".join(f"{time:12.1f}" for time in times) + f"{seen:12}")
        connection.execute("reset role; drop schema bench cascade; drop role bench_reader")


if __name__ == "__main__":
    main()
