"""A world for each test, on each kind of database, and what an undisturbed run leaves there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .nursery import Nursery, nursery
from .undisturbed import Undisturbed, undisturbed, worlds
from .world import World


@pytest.fixture(scope="session")
def nest() -> Iterator[Nursery]:
    """Give the nursery of all tests of a session: a command costs a third of a process's own."""
    with nursery() as found:
        yield found


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def expected(dialect: str, postgres_socket: Path) -> Undisturbed:
    return undisturbed(dialect, postgres_socket)


@pytest.fixture
def world(dialect: str, postgres_socket: Path) -> Iterator[World]:
    with worlds(dialect, postgres_socket) as found:
        yield found
