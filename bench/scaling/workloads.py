"""What is measured of each workload: how many records, and the settings of its exhaustive grid.

The largest chunks are a sixteenth of the records, so that eight workers have two each.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daybreak.forecast.scaling_laws import Setting

HERE: Final = Path(__file__).parent
PARALLELS: Final = (1, 2, 4, 8)


@dataclass(frozen=True, slots=True)
class Workload:
    """One step, on so many records."""

    step: str
    records: int
    chunks: tuple[int, ...]
    """Five chunk sizes."""

    @property
    def is_on_server(self) -> bool:
        """Whether its database is PostgreSQL, else SQLite."""
        return self.step.startswith("pg_")

    @property
    def file(self) -> Path:
        """The file of its job."""
        return HERE / ("on_postgresql.py" if self.is_on_server else "on_sqlite.py")

    @property
    def grid(self) -> list[Setting]:
        """Its twenty settings."""
        return [Setting(parallel, chunk) for parallel in PARALLELS for chunk in self.chunks]


def _on(step: str, records: int) -> Workload:
    largest = records // 16
    chunks = tuple(max(1, largest // part) for part in (20, 10, 4, 2, 1))
    return Workload(step, records, chunks)


WORKLOADS: Final = tuple(
    _on(step, records)
    for step, records in (
        ("pg_cheap", 32_000),
        ("pg_computed", 3_200),
        ("pg_processes", 4_800),
        ("pg_asked", 640),
        ("pg_mixed", 640),
        ("pg_large", 1_280),
        ("pg_indexed", 9_600),
        ("pg_each", 6_400),
        ("pg_server", 1_920),
        ("pg_hot_row", 640),
        ("pg_hot_late", 640),
        ("pg_fixed", 1_280),
        ("pg_growing", 3_200),
        ("lite_cheap", 160_000),
        ("lite_computed", 3_200),
        ("lite_asked", 640),
        ("lite_mixed", 640),
        ("lite_large", 2_560),
        ("lite_indexed", 19_200),
        ("lite_held", 960),
    )
)
