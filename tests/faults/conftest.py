"""A running city for the tests that do harm to it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.faults.city import City, Served, real_city


@pytest.fixture
def city(folder: Path) -> Iterator[City]:
    """An empty data folder of a real city; whatever still runs on it is ended."""
    made = City(folder / "data", real_city(folder))
    yield made
    made.end()


@pytest.fixture
def serve(city: City) -> Iterator[Callable[[], Served]]:
    """Start `khue serve` on the city's folder; each is ended after the test, however it was left."""
    started: list[Served] = []

    def start() -> Served:
        started.append(Served(city))
        return started[-1]

    yield start
    for each in started:
        each.end()
