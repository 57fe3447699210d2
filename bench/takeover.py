"""How long nothing commits when a machine dies and another one is told at once to go on.

The other machine does not see the owner's lock: it watches the owner's heart for a whole lease.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .killed_runs import pairs_of, servers
from .measure import Figure, Target, bounded, observed

PAIRS: Final = 7
LEASE_S: Final = 5.0
SURPLUS_S_MAX: Final = LEASE_S + 2.0


def figures() -> Iterator[Figure]:
    """Measure on PostgreSQL, then on SQLite."""
    lease = ("--lease-s", str(LEASE_S))
    what = f"from kill -9 of the owner to another host's commit, lease {LEASE_S:g} s"
    with servers() as sockets:
        for where, socket in sockets.items():
            pairs = pairs_of(socket, PAIRS, lease, host="another-machine")
            gaps = [pair.ours for pair in pairs]
            yield observed(f"{where}: {what}", gaps, unit="s")
            yield bounded(
                f"{where}: {what}, beyond a start",
                [pair.difference for pair in pairs],
                unit="s",
                target=Target("<=", SURPLUS_S_MAX),
            )
