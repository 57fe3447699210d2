"""The figures of recovery: what does it cost when something goes wrong?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from . import flights_quarantine, isolation, kill_to_commit, takeover
from .measure import Figure

PARTS: Final[Mapping[str, Callable[[], Iterator[Figure]]]] = {
    "isolation": isolation.figures,
    "flights_quarantine": flights_quarantine.figures,
    "kill_to_commit": kill_to_commit.figures,
    "takeover": takeover.figures,
}
