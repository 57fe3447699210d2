"""A house for one step, on each database."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from daybreak import faultpoints
from daybreak.abc import ChunkWriter
from tests.execution.house import House


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    found = House(database_url)
    yield found
    found.store.close()


@pytest.fixture
def writer(house: House) -> Iterator[ChunkWriter]:
    ledger = house.owned()
    with house.target.writer(ledger.ownership) as found:
        yield found


@pytest.fixture
def arm() -> Iterator[Callable[[str], None]]:
    """Arm a fault point of this process; it is disarmed afterwards."""
    yield faultpoints.arm
    faultpoints.arm(None)
