"""Units: whether the unit that a row names is the one that was declared.

Source: UN/CEFACT Recommendation 20 (common codes), with the signs that sources write. A unit that is not listed is
compared as text.
"""

import polars as pl

# Common code → how it is written, without spaces and in lower case.
_WRITTEN: dict[str, tuple[str, ...]] = {
    "GQ": ("µg/m³", "μg/m³", "ug/m3", "µg/m3", "μg/m3", "ug/m³"),
    "GP": ("mg/m³", "mg/m3"),
    "MMT": ("mm",),
    "CMT": ("cm",),
    "MTR": ("m",),
    "KMT": ("km",),
    "CEL": ("°c", "c", "ºc", "℃", "độc"),
    "P1": ("%",),
    "59": ("ppm",),
    "61": ("ppb",),
    "MTS": ("m/s",),
    "KMH": ("km/h",),
    "A97": ("hpa",),
    "MQH": ("m³/h", "m3/h"),
    "MQS": ("m³/s", "m3/s"),
    "DD": ("°", "độ"),
}


def _bare(text: str) -> str:
    return "".join(text.split()).lower()


def written_as(*units: str | None) -> tuple[str, ...]:
    """Return every way to write the same unit as one of `units` (codes or signs), bare."""
    bare = {_bare(unit) for unit in units if unit}
    for code, signs in _WRITTEN.items():
        if bare & {code.lower(), *signs}:
            bare |= {code.lower(), *signs}
    return tuple(sorted(bare))


def agrees(unit: pl.Expr, *expected: str | None) -> pl.Expr:
    """Return whether the row's own unit is one of `expected`; null where it names none."""
    bare = unit.cast(pl.String, strict=False).str.replace_all(r"\s", "").str.to_lowercase()
    return pl.when(bare != "").then(bare.is_in(written_as(*expected)))
