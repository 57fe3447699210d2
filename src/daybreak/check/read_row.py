"""A row that columns were not certain of, with the record that it was read as."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..connectors.row import Row


class ReadRow(NamedTuple):
    """A good row that had to be read."""

    row: Row
    record: Any
