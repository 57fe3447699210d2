"""Sources that are closed behind their tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from daybreak.connectors.rows_source import RowsSource


@pytest.fixture
def close() -> Iterator[Callable[[RowsSource], RowsSource]]:
    """Close the sources of a test behind it."""
    made: list[RowsSource] = []

    def keep(source: RowsSource) -> RowsSource:
        made.append(source)
        return source

    yield keep
    for source in made:
        source.close()
