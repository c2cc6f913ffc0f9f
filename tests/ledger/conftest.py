"""A ledger on a fresh database, closed before the database is dropped."""

from collections.abc import Iterator

import pytest

from khue.ledger.commit import Ledger
from khue.ledger.database import Database


@pytest.fixture
def ledger(database: Database) -> Iterator[Ledger]:
    made = Ledger(database)
    yield made
    made.close()
