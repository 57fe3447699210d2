"""What a process and its worker say to each other: plain values, nothing is done here.

Each side packs its own errors: one that cannot be pickled must not take its block with it.
"""

from __future__ import annotations

import pickle
import signal
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from enum import Enum
from typing import Any, Final, NamedTuple, Self, TypeAlias

from .nodes import Stage
from .wire import PROTOCOL, Singly

Using: TypeAlias = Callable[[], AbstractContextManager[Any]]
"""Opens what the function is given as its second argument."""


CANCEL: Final = signal.SIGUSR1
"""By which a parent cancels a worker's process."""

GROUP_SIGNALS: Final = frozenset({signal.SIGINT, signal.SIGTERM})
"""Signals that a terminal or a service manager sends to all processes at once."""


class Say(Enum):
    """Words without anything to carry."""

    READY = "the function is loaded, and its resource is open"
    MORE = "give the next piece of results"
    SINGLY = "this cannot be read as a whole: send it again, value by value"
    END = "no more records will come"
    ENDED = "the resource is closed"


class Task(NamedTuple):
    """What a worker process has to do; sent once, at its start."""

    modules: dict[str, str]
    """Files of modules that it would not find by their name."""

    parcel: bytes
    """An `Errand`, pickled by value where it must be."""


class Errand(NamedTuple):
    """What a worker process loads at its start."""

    classes: dict[str, dict[str, type]]
    """Those that it cannot import, by the name of their module and their own."""

    kind: type[Stage]
    name: str
    fn: Callable[..., Any]
    using: Using | None


class Given(NamedTuple):
    """Records to work on."""

    values: list[Any] | Singly


class FarError(NamedTuple):
    """An error that was raised in the other process."""

    pickled: bytes | None
    """None if it cannot be pickled."""

    text: str
    trace: str

    @classmethod
    def of(cls, error: Exception) -> Self:
        """Pack an error as it was raised."""
        try:
            pickled = pickle.dumps(error, PROTOCOL)
        except Exception:  # noqa: BLE001 - a user's error may hold anything
            pickled = None
        text = "".join(traceback.format_exception_only(error)).splitlines()[0]
        return cls(pickled, text, "".join(traceback.format_exception(error)).rstrip())

    def restored(self) -> Exception:
        """Return the error, or a RuntimeError in its place; the other process's stack is a note."""
        error = self._unpickled() or RuntimeError(self.text)
        error.add_note(f"in a worker process:\n{self.trace}")
        return error

    def _unpickled(self) -> Exception | None:
        if self.pickled is None:
            return None
        try:
            error = pickle.loads(self.pickled)  # noqa: S301 - from ourselves
        except Exception:  # noqa: BLE001 - a user's error may need what is not in its args
            return None
        return error if isinstance(error, Exception) else None


class NotBegun(NamedTuple):
    """Why a worker process cannot do its task."""

    error: FarError
    is_opening: bool
    """Whether it was raised by opening the resource; else by loading the function."""


class NotEnded(NamedTuple):
    """Why a resource could not be closed."""

    error: FarError


class Failed(NamedTuple):
    """What `Fates.failed` is to be told."""

    position: int
    error: FarError


class Born(NamedTuple):
    """What `Fates.born` is to be told."""

    position: int
    records: int


Told: TypeAlias = int | Failed | Born
"""What became of the record at a position in its hand; a mere position was dropped."""


class Piece(NamedTuple):
    """Some results of a hand."""

    values: list[Any] | Singly | None
    """None if the records go on as they are: the parent has them."""

    origins: Sequence[int] | None
    """Of each value the position of its record in the hand; None for all records in order."""

    told: list[Told]
    is_last: bool
