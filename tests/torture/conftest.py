"""A world for each test, on each kind of database, and what an undisturbed run leaves there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .undisturbed import Undisturbed, undisturbed, worlds
from .world import World


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def socket(dialect: str, request: pytest.FixtureRequest) -> Path | None:
    """Give where the server of a kind of database listens; None for files."""
    fixture = {"postgresql": "postgres_socket", "mysql": "mariadb_socket"}.get(dialect)
    found: Path | None = None if fixture is None else request.getfixturevalue(fixture)
    return found


@pytest.fixture
def expected(dialect: str, socket: Path | None) -> Undisturbed:
    return undisturbed(dialect, socket)


@pytest.fixture
def world(dialect: str, socket: Path | None) -> Iterator[World]:
    with worlds(dialect, socket) as found:
        yield found
