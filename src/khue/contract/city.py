"""What is a fact of one city, read from its `city.toml`."""

from collections.abc import Mapping
from dataclasses import dataclass

from khue.contract.label import Label


@dataclass(frozen=True, slots=True)
class City:
    """Name, place, languages, agencies and chosen domains of one city.

    `bounds` is (west, south, east, north) in WGS 84 degrees; `data_unit` is the agency that owns what nobody else does.
    """

    name: Label
    code: str
    zone: str
    languages: tuple[str, ...]
    bounds: tuple[float, float, float, float]
    agencies: Mapping[str, Label]
    data_unit: str
    domains: tuple[str, ...]
    simulated: bool
    folder: str
