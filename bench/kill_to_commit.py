"""How long nothing commits when a run is killed and its command started again at once.

On the same machine, where the kernel says that the owner is dead. The program has to be started
again, which is not recovery's doing: what counts is what a kill costs beyond that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .killed_runs import pairs_of, servers
from .measure import Figure, Target, bounded, observed

PAIRS: Final = 11
SURPLUS_S_MAX: Final = 2.0


def figures() -> Iterator[Figure]:
    """Measure on PostgreSQL, then on SQLite."""
    with servers() as sockets:
        for where, socket in sockets.items():
            pairs = pairs_of(socket, PAIRS)
            starts, gaps = [pair.theirs for pair in pairs], [pair.ours for pair in pairs]
            yield observed(f"{where}: from the start of a new run to its commit", starts, unit="s")
            yield observed(f"{where}: from kill -9 of a run to the next commit", gaps, unit="s")
            yield bounded(
                f"{where}: from kill -9 of a run to the next commit, beyond a start",
                [pair.difference for pair in pairs],
                unit="s",
                target=Target("<=", SURPLUS_S_MAX),
            )
