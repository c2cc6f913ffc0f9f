import shutil
from pathlib import Path

import pytest

from khue.app.catalogue import DEMO_CITY, OWN_DOMAINS, find_city, read_catalogue
from khue.contract.errors import ContractError, NotFound


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """Give a copy of the demonstration city that a test may change."""
    return Path(shutil.copytree(DEMO_CITY, tmp_path / "city"))


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_demonstration_city_is_what_is_found_when_none_is_named() -> None:
    catalogue = read_catalogue()
    assert catalogue.city.simulated
    assert {"rain_gauge", "air_station", "station"} <= set(catalogue.contracts)
    assert [source.name for source in catalogue.sources_of("rain_gauge")] == ["rain_export", "rain_simulated"]


def test_a_city_may_bring_its_own_domain_and_it_is_found_the_same_way(city: Path) -> None:
    own = city / "domains" / "air"
    shutil.copytree(OWN_DOMAINS / "environment", own, ignore=shutil.ignore_patterns("__pycache__"))
    change(own / "domain.yaml", "name: environment", "name: air")
    change(city / "city.toml", 'domains = ["environment"]', 'domains = ["air"]')
    catalogue = read_catalogue(city)
    domain = catalogue.domain_of("rain_gauge")
    assert domain is not None
    assert domain.folder == str(own)
    assert catalogue.simulator(catalogue.source("air_simulated")) is not None


def test_two_domains_cannot_declare_one_type(city: Path) -> None:
    own = city / "domains" / "air"
    shutil.copytree(OWN_DOMAINS / "environment", own, ignore=shutil.ignore_patterns("__pycache__"))
    change(own / "domain.yaml", "name: environment", "name: air")
    change(city / "city.toml", 'domains = ["environment"]', 'domains = ["environment", "air"]')
    with pytest.raises(ContractError, match="Two domains declare the type"):
        read_catalogue(city)


def test_a_domain_of_the_city_cannot_hide_one_of_ours(city: Path) -> None:
    shutil.copytree(OWN_DOMAINS / "environment", city / "domains" / "environment")
    with pytest.raises(ContractError, match="The domain environment stands twice"):
        read_catalogue(city)


def test_a_domain_that_is_not_there_is_told_the_nearest(city: Path) -> None:
    change(city / "city.toml", '["environment"]', '["enviroment"]')
    with pytest.raises(ContractError, match="Did you mean “environment”"):
        read_catalogue(city)


def test_an_agency_of_a_source_must_be_of_the_city(city: Path) -> None:
    change(city / "city.toml", '[agencies."H26.14"]', '[agencies."H26.15"]')
    with pytest.raises(ContractError, match=r"The agency H26.14 is not in the city.*Did you mean"):
        read_catalogue(city)


def test_a_normaliser_that_does_not_exist_is_refused(city: Path) -> None:
    own = city / "domains" / "air"
    shutil.copytree(OWN_DOMAINS / "environment", own)
    change(own / "domain.yaml", "name: environment", "name: air")
    change(own / "contracts" / "station.yaml", "value: [coordinate]", "value: [cordinate]")
    change(city / "city.toml", '["environment"]', '["air"]')
    with pytest.raises(ContractError, match="Did you mean “coordinate”"):
        read_catalogue(city)


def test_a_folder_without_a_city_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"no city.toml.*KHUE_CITY"):
        find_city(tmp_path)
    assert find_city(DEMO_CITY / "city.toml") == DEMO_CITY


def test_an_unknown_type_or_source_is_told_the_nearest() -> None:
    catalogue = read_catalogue()
    with pytest.raises(NotFound, match="Did you mean “rain_gauge”"):
        catalogue.contract("rain_gage")
    with pytest.raises(NotFound, match="Did you mean “rain_export”"):
        catalogue.source("rain_exprot")
