"""The quotes of a block: where they break the grammar, and what stands inside them.

By RFC 4180 a delimiter or a line end is data if the quotes before it are odd in number. That is
true only behind a certain beginning of a row, and as long as every quote is where the grammar
allows one. So quotes are looked at in two ways, for an even and an odd number of them before a row
begins, and all places are found where each way breaks the grammar.
"""

from __future__ import annotations

import numpy as np

from .marks import NEWLINE, RETURN, Marks
from .signs import Signs
from .texts import Buffer
from .words import PAD, Places


class Quotes:
    """The quotes of a block, read in two ways.

    Args:
        buffer: The block; it may end anywhere in a row.
        signs: Those of the block.
        marks: By what it is cut.
    """

    def __init__(self, buffer: Buffer, signs: Signs, marks: Marks) -> None:
        self.places = signs.quotes
        self._strays = signs.strays
        behind = buffer.data[self.places + 1]
        before = buffer.data[self.places - 1]
        self._opens = (before == marks.delimiter) | (before == NEWLINE) | (self.places == PAD)
        closes = (behind == marks.delimiter) | (behind == NEWLINE)
        if signs.has_returns:
            closes |= (behind == RETURN) & (buffer.data[self.places + 2] == NEWLINE)
        self._closes = closes
        is_doubled = np.diff(self.places) == 1
        self.doubled = self.places[:-1][is_doubled]
        if len(self.places):
            self._opens[1:] |= is_doubled
            self._closes[:-1] |= is_doubled
        self._faults = [self._faults_behind(0), self._faults_behind(1)]

    def _faults_behind(self, odd: int) -> Places:
        """Return what breaks the grammar behind an even (0) or an odd (1) number of quotes."""
        is_bad = np.empty(len(self.places), np.bool_)
        is_bad[odd::2] = ~self._opens[odd::2]
        is_bad[1 - odd :: 2] = ~self._closes[1 - odd :: 2]
        faults = self.places[is_bad]
        if not len(self._strays):
            return faults
        before = np.searchsorted(self.places, self._strays)
        return np.union1d(faults, self._strays[before & 1 == odd])

    def fault(self, begin: int, end: int) -> int:
        """Return the first place from one on that breaks the grammar; `end` if there is none."""
        faults = self._faults[int(np.searchsorted(self.places, begin)) & 1]
        at = int(np.searchsorted(faults, begin))
        return min(int(faults[at]), end) if at < len(faults) else end

    def inside(self, places: Places, begin: int, end: int) -> Places:
        """Return which of some places, by number, are in quotes, from a certain row on."""
        first, stop = np.searchsorted(self.places, [begin, end])
        opened = self.places[first:stop:2]
        closed = self.places[first + 1 : stop : 2]
        low = np.searchsorted(places, opened)
        high = np.searchsorted(places, closed)
        if len(high) < len(low):
            high = np.append(high, len(places))
        counts = high - low
        some = np.flatnonzero(counts)
        counts, low = counts[some], low[some]
        # The numbers low, low + 1, … of each pair of quotes, one behind the other.
        steps = np.ones(int(counts.sum()), np.int64)
        if len(steps):
            begins = np.concatenate(([0], np.cumsum(counts[:-1])))
            steps[begins] = low - np.concatenate(([0], low[:-1] + counts[:-1] - 1))
        return np.cumsum(steps)
