"""Reads `city.toml`: what is a fact of one city."""

from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from khue.contract.city import City
from khue.contract.yaml_lines import Node, did_you_mean, read_text, read_toml

FILE = "city.toml"
LANGUAGES = ("vi", "en")
_EDGES = ("west", "south", "east", "north")


def read_city(folder: Path) -> City:
    """Read the city of a folder.

    Raises:
        ContractError: with file and line.

    """
    path = folder / FILE
    return read_city_text(read_text(path), str(path), str(folder))


def read_city_text(text: str, file: str, folder: str) -> City:
    """Read the city from the text of its file; raises as `read_city`."""
    root = read_toml(text, file)
    root.mapping(known=("name", "code", "zone", "languages", "bounds", "agencies", "data_unit", "domains", "simulated"))
    agencies = {code: node.label() for code, node in root.need("agencies").mapping().items()}
    unit, simulated, domains = root.need("data_unit"), root.get("simulated"), root.need("domains")
    if unit.text() not in agencies:
        raise unit.wrong(f"The data unit {unit.value} is not an agency", todo=did_you_mean(unit.text(), agencies))
    return City(
        name=root.need("name").label(),
        code=root.need("code").text(),
        zone=_zone(root.need("zone")),
        languages=tuple(item.choice(LANGUAGES) for item in root.need("languages").items()),
        bounds=_bounds(root.need("bounds")),
        agencies=agencies,
        data_unit=unit.text(),
        domains=domains.texts(),
        simulated=simulated.truth() if simulated else False,
        folder=folder,
    )


def _zone(node: Node) -> str:
    try:
        return ZoneInfo(node.text()).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise node.wrong(f"“{node.value}” is not a time zone", todo="Write Asia/Ho_Chi_Minh") from None


def _bounds(node: Node) -> tuple[float, float, float, float]:
    node.mapping(known=_EDGES)
    west, south, east, north = (float(node.need(edge).number()) for edge in _EDGES)
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        why = f"west {west}, south {south}, east {east}, north {north}"
        raise node.wrong("The bounds hold no place", why=why, todo="Write WGS 84 degrees, west < east, south < north")
    return west, south, east, north
