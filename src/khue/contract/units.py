"""The unit codes that contracts and sources may use (UN/CEFACT Recommendation 20; money is ISO 4217)."""

import csv
from collections.abc import Mapping
from pathlib import Path


def _read_units() -> Mapping[str, str]:
    with Path(__file__).with_name("units.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["symbol"] for row in csv.DictReader(file)}


UNITS: Mapping[str, str] = _read_units()
"""Code → symbol as a person reads it."""
