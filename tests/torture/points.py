"""Fault points that an undisturbed run of the killed job does not pass, and who kills there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pytest

from daybreak.faultpoints import FAULT_POINTS, FaultPoint
from tests.kinds import EVERY_KIND, TWO_KINDS

OF_RESTARTS: Final[tuple[FaultPoint, ...]] = (
    "restart.before_begin_again",
    "restart.after_begin_again",
    "atomic.before_undo",
    "atomic.after_undo",
)
"""Passed by a restart: `test_killing_restarts`."""

OF_CHANGES: Final[tuple[FaultPoint, ...]] = ("step.before_accept", "step.after_accept")
"""Passed by a run that accepts a changed source: `test_killing_restarts`."""

OF_REPLAYS: Final[tuple[FaultPoint, ...]] = tuple(
    point for point in FAULT_POINTS if point.startswith(("replay.", "erase."))
)
"""Passed by `daybreak quarantine`, and by no run: `test_killing_replays`."""

OF_REHEARSALS: Final[tuple[FaultPoint, ...]] = tuple(
    point for point in FAULT_POINTS if point.startswith(("rehearsal.", "scratch."))
)
"""Passed by `daybreak rehearse`: `tests/operations/test_killed_rehearsal`."""

OF_DEATHS: Final[tuple[FaultPoint, ...]] = tuple(
    point for point in FAULT_POINTS if point.startswith("alone.")
)
"""Passed by a run whose processes died: `test_deaths`."""

OF_FILES: Final[tuple[FaultPoint, ...]] = tuple(
    point for point in FAULT_POINTS if point.startswith(("part.", "publication."))
)
"""Passed by a step that writes a file: `test_killing_files`."""

_ELSEWHERE: Final = (
    *OF_RESTARTS,
    *OF_CHANGES,
    *OF_REPLAYS,
    *OF_REHEARSALS,
    *OF_DEATHS,
    *OF_FILES,
)

OF_RUNS: Final[tuple[FaultPoint, ...]] = tuple(
    point for point in FAULT_POINTS if point not in _ELSEWHERE
)
"""Passed by every run of the killed job."""


ON_YOUNGER_KINDS: Final[tuple[FaultPoint, ...]] = ("chunk.in_isolation", "chunk.after_commit")
"""Where MariaDB and DuckDB are killed in `make test`; at all others that is torture."""


def on_every_kind(points: Sequence[FaultPoint]) -> list[object]:
    """Give each point on every kind of database.

    Returns:
        Parameters for `dialect` and `point`.
    """
    return [
        pytest.param(
            kind,
            point,
            marks=([] if kind in TWO_KINDS or point in ON_YOUNGER_KINDS else [pytest.mark.torture]),
        )
        for kind in EVERY_KIND
        for point in points
    ]


def in_turns(points: Sequence[FaultPoint]) -> list[object]:
    """Give each point on one database, in turns; the other half takes as long, and is torture.

    Returns:
        Parameters for `dialect` and `point`.
    """
    return [
        pytest.param(
            dialect,
            point,
            marks=[pytest.mark.torture] if (number % 2 == 0) == (dialect == "sqlite") else [],
        )
        for number, point in enumerate(points)
        for dialect in ("sqlite", "postgresql")
    ]
