"""`clean` against its floor: 1 M air readings, 13 rules, a fifth of the rows failing one.

    python bench/bench_clean.py [ROWS]

Product and floor take turns, medians of three. Both are checked to give the same split, flags, reasons and records.
"""

import datetime as dt
import json
import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

import polars as pl
from clean_floor import MOST, RARE, READINGS, split

from khue.clean.clean import clean
from khue.contract.batch import Batch
from khue.contract.check import Check
from khue.contract.cleaned import Cleaned
from khue.contract.contract import Contract
from khue.contract.label import Label
from khue.contract.property import Property

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
NAME = Label("x", "x")


def contract() -> Contract:
    """Return thirteen rules: required, length, five ranges that hold, five that flag, one predicate."""
    length = ("length", "reject", "clean")
    checks = [
        _check("station_required", ("required", "reject", "sufficient"), "station", ("Thiếu trạm", "No station")),
        _check("station_length", length, "station", ("dài", "long"), maxLength=160),
    ]
    for name in READINGS:
        hold, flag = ("range", "hold", "accurate"), ("range", "flag", "accurate")
        over = ("vượt {maximum}", "over {maximum}")
        checks.append(_check(f"{name}_possible", hold, name, over, minimum=0, maximum=MOST[name]))
        checks.append(_check(f"{name}_regional", flag, name, ("hiếm", "rare"), maximum=RARE[name]))
    dust = "pm25 <= pm10 * 1.1 + 5"
    checks.append(_check("dust_consistent", ("predicate", "flag", "consistent"), None, ("bụi", "dust"), sql=dust))
    properties = [Property("station", "string", NAME), Property("observed_at", "timestamp", NAME)]
    properties += [Property(name, "number", NAME) for name in READINGS]
    return Contract(
        type="air", entity_type="AirQualityObserved", version="1.0.0", kind="measure", status="active", label=NAME,
        description="", owner="x", key="{station}", observed_at="observed_at", properties=tuple(properties),
        checks=tuple(checks),
    )  # fmt: skip


def _check(
    name: str, how: tuple[str, str, str], field: str | None, words: tuple[str, str], **arguments: object
) -> Check:
    kind, on_fail, dimension = how
    vi = f"Dòng {{row}}, cột {{column}}: {{value}} {words[0]}"
    en = f"Row {{row}}, column {{column}}: {{value}} {words[1]}"
    return Check(name, kind, dimension, on_fail, field, Label(vi, en), arguments)  # type: ignore[arg-type]


def frame(rows: int) -> pl.DataFrame:
    """Return readings as a CSV file gives them: text, a fifth with a fault."""
    place = pl.int_range(rows, dtype=pl.Int64, eager=True).alias("i").to_frame()
    readings = []
    for number, name in enumerate(READINGS):
        usual = ((pl.col("i") * (7 + number)) % 4000 / 100).cast(pl.String)
        impossible = pl.lit(str(MOST[name] + 17))
        readings.append(pl.when(pl.col("i") % 25 == number).then(impossible).otherwise(usual).alias(name))
    at = pl.datetime(2026, 5, 21) + pl.duration(seconds="i")
    station = pl.lit("Trạm số ") + (pl.col("i") % 60).cast(pl.String)
    return place.select(
        pl.col("i").cast(pl.Int32).alias("_record"),
        pl.col("i").alias("_row"),
        pl.when(pl.col("i") % 200 != 199).then(station).alias("station"),
        at.dt.strftime("%Y-%m-%dT%H:%M:%SZ").alias("observed_at"),
        *readings,
    )


def measure(rows: int = 1_000_000) -> list[dict[str, Any]]:
    """Return rows a second of `clean`, and its share of the floor."""
    data, rules = frame(rows), contract()
    _check_same(data.head(20_000), rules)
    product, floor = _in_turn(lambda: clean(Batch("air", data, ()), rules, {}, NOW), lambda: split(data))
    one = Batch("air", data.head(1), ())
    clean(one, rules, {}, NOW)
    single = median(_seconds(lambda: clean(one, rules, {}, NOW)) for _ in range(200))
    return [
        {"name": "clean", "value": rows / product, "unit": "rows/s", "floor": rows / floor, "ratio": floor / product},
        {"name": "clean_one", "value": single * 1000, "unit": "ms", "floor": None, "ratio": None},
    ]


def _check_same(data: pl.DataFrame, rules: Contract) -> None:
    mine: Cleaned = clean(Batch("air", data, ()), rules, {}, NOW)
    rows, waits = split(data)
    assert mine.rows.select(rows.columns).equals(rows), "the floor gives other rows"
    assert mine.quarantined.select("_row", "action", "received").equals(waits.select("_row", "action", "received"))
    for ours, theirs in zip(mine.quarantined["reasons"], waits["reasons"], strict=True):
        assert json.loads(ours) == json.loads(theirs), f"{ours}\n{theirs}"


def _in_turn(product: Callable[[], object], floor: Callable[[], object]) -> tuple[float, float]:
    times = [(_seconds(product), _seconds(floor)) for _ in range(4)][1:]
    return median(one for one, _ in times), median(other for _, other in times)


def _seconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


if __name__ == "__main__":
    print(json.dumps(measure(*(int(rows) for rows in sys.argv[1:])), indent=1))
