"""The floor of `clean`: one contract's rules written by hand, once, from Polars' own expressions.

The same split, flags, reasons and record as received as the product gives, for the rows of `bench_clean.frame`;
no cache, no compiler, no generality. bench_clean checks that both give the same before it measures.
"""

import polars as pl

READINGS = ("pm25", "pm10", "no2", "so2", "o3")
MOST = {"pm25": 10_000, "pm10": 10_000, "no2": 38_000, "so2": 52_000, "o3": 20_000}
RARE = {"pm25": 500, "pm10": 600, "no2": 3850, "so2": 2630, "o3": 1200}
SHOWN = {
    10_000: ("10.000", "10,000"),
    38_000: ("38.000", "38,000"),
    52_000: ("52.000", "52,000"),
    20_000: ("20.000", "20,000"),
}


def split(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows that enter and those that wait."""
    read = frame.with_columns(
        pl.col("station").str.strip_chars(),
        pl.col("observed_at").str.to_datetime("%Y-%m-%dT%H:%M:%S%#z", time_unit="us", time_zone="UTC", strict=False),
        *(pl.col(name).cast(pl.Float64, strict=False) for name in READINGS),
    )
    checked = read.with_columns(
        pl.col("station").is_null().alias("no_station"),
        (pl.col("station").str.len_chars() > 160).fill_null(value=False).alias("long_station"),
        *((~pl.col(name).is_between(0, MOST[name])).fill_null(value=False).alias(f"hold_{name}") for name in READINGS),
        *((pl.col(name) > RARE[name]).fill_null(value=False).alias(f"rare_{name}") for name in READINGS),
        (pl.col("pm25") > pl.col("pm10") * 1.1 + 5).fill_null(value=False).alias("dust"),
    )
    reject = pl.col("no_station") | pl.col("long_station")
    hold = pl.any_horizontal(f"hold_{name}" for name in READINGS)
    waits = checked.filter(reject | hold)
    original = frame.filter(checked.select(reject | hold).to_series())
    return _rows(checked.filter(~reject)), _quarantined(waits, original)


def _rows(checked: pl.DataFrame) -> pl.DataFrame:
    held = [pl.when(pl.col(f"hold_{name}")).then(pl.lit(name)) for name in sorted(READINGS)]
    flags = _flag_names()
    # Lists are dear: they are made for the rows that have one, and joined.
    some = pl.any_horizontal("dust", *(f"{kind}_{name}" for kind in ("hold", "rare") for name in READINGS))
    lists = checked.filter(some).select(
        "_row",
        pl.concat_list(flags).list.drop_nulls().alias("_flags"),
        pl.concat_list(held).list.drop_nulls().alias("_held"),
    )
    checked = checked.join(lists, on="_row", how="left", maintain_order="left")
    nothing = pl.lit([], dtype=pl.List(pl.String))
    lost = sum(3 * pl.col(f"hold_{name}") + pl.col(f"rare_{name}") for name in READINGS) + pl.col("dust")
    weights = sum((7 * pl.col(name).is_not_null() for name in READINGS), pl.lit(12))
    weights = weights + (pl.col("pm25").is_not_null() & pl.col("pm10").is_not_null())
    return checked.select(
        pl.concat_str(
            pl.lit("urn:ngsi-ld:AirQualityObserved:"), pl.col("station").str.replace_all(" ", "-", literal=True)
        ).alias("_id"),
        pl.col("observed_at").alias("_observed_at"),
        pl.col("_flags").fill_null(nothing),
        pl.col("_held").fill_null(nothing),
        (weights - lost).cast(pl.Int32).alias("_passed"),
        weights.cast(pl.Int32).alias("_applicable"),
        _dimensions(),
        "station",
        "observed_at",
        *(pl.when(~pl.col(f"hold_{name}")).then(pl.col(name)).alias(name) for name in READINGS),
    )


def _flag_names() -> list[pl.Expr]:
    named = {"dust_consistent": "dust"}
    named |= {f"{name}_possible": f"hold_{name}" for name in READINGS}
    named |= {f"{name}_regional": f"rare_{name}" for name in READINGS}
    return [pl.when(pl.col(named[name])).then(pl.lit(name)) for name in sorted(named)]


def _dimensions() -> pl.Expr:
    accurate = pl.any_horizontal(f"{kind}_{name}" for kind in ("hold", "rare") for name in READINGS)
    return (accurate.cast(pl.Int16) + 16 * pl.col("dust").cast(pl.Int16)).cast(pl.Int16).alias("_dimensions")


def _quarantined(waits: pl.DataFrame, original: pl.DataFrame) -> pl.DataFrame:
    rejected = pl.col("no_station") | pl.col("long_station")
    value = {name: original.get_column(name).alias(f"text_{name}") for name in READINGS}
    given = [name for name in original.columns if not name.startswith("_")]
    pairs = [
        pl.when(pl.col(name).is_not_null()).then(pl.struct(name).struct.json_encode().str.slice(1).str.head(-1))
        for name in given
    ]
    received = original.select(
        pl.concat_str(pl.lit("{"), pl.concat_str(pairs, separator=",", ignore_nulls=True), pl.lit("}"))
        .cast(pl.Binary)
        .alias("received")
    )
    return (
        waits.with_columns(value.values())
        .select(
            "_row",
            pl.when(rejected).then(pl.lit("reject")).otherwise(pl.lit("hold")).alias("action"),
            pl.concat_str(pl.lit("["), pl.concat_str(_reasons(), separator=",", ignore_nulls=True), pl.lit("]")).alias(
                "reasons"
            ),
        )
        .hstack(received)
    )


def _reasons() -> list[pl.Expr]:
    missing = _reason("station_required", "sufficient", "station", None, ("Thiếu trạm", "No station"))
    reasons = [pl.when(pl.col("no_station")).then(missing)]
    for name in READINGS:
        vi, en = SHOWN[MOST[name]]
        reason = _reason(f"{name}_possible", "accurate", name, f"text_{name}", (f"vượt {vi}", f"over {en}"))
        reasons.append(pl.when(pl.col(f"hold_{name}")).then(reason))
        rare = _reason(f"{name}_regional", "accurate", name, f"text_{name}", ("hiếm", "rare"))
        reasons.append(pl.when(pl.col(f"rare_{name}")).then(rare))
    dust = _reason("dust_consistent", "consistent", None, None, ("bụi", "dust"))
    return [*reasons, pl.when(pl.col("dust")).then(dust)]


def _reason(check: str, dimension: str, field: str | None, value: str | None, words: tuple[str, str]) -> pl.Expr:
    column = field or ""
    quoted = f'"{field}"' if field else "null"
    shown = pl.col(value) if value else pl.lit("")
    json = pl.concat_str(pl.lit('"'), shown, pl.lit('"')) if value else pl.lit("null")
    head = f'{{"check":"{check}","dimension":"{dimension}","field":{quoted},"column":"{column}","row":'
    row = pl.col("_row").cast(pl.String)
    sentences = [
        piece
        for language, (place, at), word in zip(("vi", "en"), (("Dòng", "cột"), ("Row", "column")), words, strict=True)
        for piece in (pl.lit(f',"{language}":"{place} '), row, pl.lit(f", {at} {column}: "), shown, pl.lit(f' {word}"'))
    ]
    return pl.concat_str(pl.lit(head), row, pl.lit(',"value":'), json, *sentences, pl.lit("}"))
