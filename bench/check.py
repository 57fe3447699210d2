"""The figures of the check: how quick it is, also beside DuckDB, and whether memory is flat."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from . import check_memory, check_speed
from .measure import Figure

PARTS: Final[Mapping[str, Callable[[], Iterator[Figure]]]] = {
    "speed": check_speed.figures,
    "memory": check_memory.figures,
}
