"""The figures of the spine: does the flights job run, is it right, and what does the truth cost?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from . import chunk_cost, demo_time, loaded_rows, peak_memory
from .measure import Figure

PARTS: Final[Mapping[str, Callable[[], Iterator[Figure]]]] = {
    "chunk_cost": chunk_cost.figures,
    "loaded_rows": loaded_rows.figures,
    "demo_time": demo_time.figures,
    "peak_memory": peak_memory.figures,
}
