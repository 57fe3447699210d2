"""The bytes of a block that are more than text: delimiters, line ends, quotes, and odd ones.

All of them are found in one look at the block, whatever they mean: to read the bytes takes longer
than to tell apart the few that are found.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final

import numpy as np

from .marks import NEWLINE, RETURN, Marks
from .texts import Buffer
from .words import NOWHERE, PAD, Flags, Places

_PRINTABLE: Final = 0x20
"""The first byte that is no control character."""


@dataclass(frozen=True, slots=True)
class Signs:
    """Where the signs of a block are, in order."""

    separators: Places
    """All delimiters and line ends, in quotes or not."""

    is_newline: Flags
    """Of each separator whether it is a line end."""

    quotes: Places
    strays: Places
    """Carriage returns without a line end behind them."""

    nuls: Places
    has_returns: bool

    @classmethod
    def of(cls, buffer: Buffer, marks: Marks) -> Signs:
        """Find those of a block."""
        places = _signs(buffer, marks)
        bytes_ = buffer.data[places]
        is_newline = bytes_ == NEWLINE
        is_separator = is_newline | (bytes_ == marks.delimiter)
        if is_separator.all():
            return cls(places, is_newline, NOWHERE, NOWHERE, NOWHERE, has_returns=False)
        others = np.flatnonzero(~is_separator)
        other, at = bytes_[others], places[others]
        returns = at[other == RETURN]
        return cls(
            places[is_separator],
            is_newline[is_separator],
            NOWHERE if marks.quote is None else at[other == marks.quote],
            returns[buffer.data[returns + 1] != NEWLINE],
            at[other == 0],
            has_returns=len(returns) > 0,
        )


def _signs(buffer: Buffer, marks: Marks) -> Places:
    """Return the places of all marks and control characters."""
    data = buffer.content
    found, more = _scratch.masks(len(data))
    np.less(data, _PRINTABLE, out=found)
    for mark in (marks.delimiter, marks.quote):
        if mark is not None and mark >= _PRINTABLE:
            np.equal(data, mark, out=more)
            np.logical_or(found, more, out=found)
    places: Places = np.flatnonzero(found)
    places += PAD
    return places


class _Scratch(threading.local):
    """Memory that each thread uses again: to touch new pages takes longer than the work."""

    def __init__(self) -> None:
        self._held = np.empty((2, 0), np.bool_)

    def masks(self, size: int) -> Flags:
        """Return two masks, with anything in them."""
        if self._held.shape[1] < size:
            self._held = np.empty((2, size), np.bool_)
        return self._held[:, :size]


_scratch: Final = _Scratch()
