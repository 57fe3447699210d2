"""The rule of a pattern for texts of one length: which bytes may stand at which place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .texts import Texts
from .words import Flags


class Shape:
    """Texts of one length, each byte one of those that may stand at its place.

    Args:
        places: The bytes of each place, printable ASCII all of them; at most 64 places.
    """

    def __init__(self, places: Sequence[frozenset[int]]) -> None:
        self._places = [_table(members) for members in places]

    def __call__(self, texts: Texts) -> Flags:
        """Say of each text whether it is certainly good."""
        data, first = texts.buffer.data, texts.first
        found: Flags = (texts.length == len(self._places)) & texts.as_they_stand()
        for at, table in enumerate(self._places):
            found &= table[data[first + at]]
        return found


def _table(members: frozenset[int]) -> Flags:
    found = np.zeros(256, np.bool_)
    found[list(members)] = True
    return found
