"""Watching the records of a chunk: which is at hand, and whether one takes too long.

Chunk workers tell it of each record before a stage or a sink begins with it. Only steps with
`record_timeout_s`, and ranges that are tried alone, pay for that.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from ..abc import Clock, Sink, TellingSink, Transaction
from ..model.chunk import Written
from ..model.deaths import Named, Work
from ..pipeline import current_scope
from .in_flight import NO_RECORD, InFlight, noted_record

LOOKS_A_TIMEOUT: Final = 4
"""How often a record is looked at before it has taken too long."""

LOOK_EVERY_S_MAX: Final = 1.0

AtHand: TypeAlias = "tuple[ChunkWatch, str, Any]"
"""Whose chunk, which place, which origin; another tuple for every record."""


class ChunkWatch:
    """`pipeline.Watch` of one chunk; for the several threads of its stages.

    Args:
        work: The chunk's range.
        at_hand: By thread, what it has at hand; shared by the chunks of a step.
        file: Where the record is noted that must survive this process; None for nowhere.
    """

    def __init__(self, work: Work, at_hand: dict[int, AtHand], file: int | None = None) -> None:
        self.work = work
        self._at_hand = at_hand
        self._file = file

    def began(self, place: str, origin: Any) -> None:
        """Note that this thread begins with a record."""
        self._at_hand[threading.get_ident()] = (self, place, origin)
        if self._file is not None:
            os.pwrite(self._file, noted_record(origin, place), 0)

    def began_several(self, place: str, origin: int, count: int) -> None:
        """Note that a sink begins with several records at once, which have no time limit."""
        if self._file is not None:
            os.pwrite(self._file, noted_record(origin, place, count), 0)

    def ended(self) -> None:
        """Note that this thread has no record at hand."""
        self._at_hand.pop(threading.get_ident(), None)
        if self._file is not None:
            os.pwrite(self._file, NO_RECORD, 0)


_watch: ContextVar[ChunkWatch | None] = ContextVar("watch", default=None)


@contextmanager
def watched(watch: ChunkWatch | None) -> Iterator[None]:
    """Have what is written in this thread told to a watch, as long as the block lasts."""
    token = _watch.set(watch)
    try:
        yield
    finally:
        _watch.reset(token)


def write_told(
    sink: Sink, tx: Transaction, values: Sequence[Any], origins: Sequence[int]
) -> Written:
    """Have a sink write records; the watch of this thread hears of each where the sink can tell."""
    watch = _watch.get()
    if watch is None or not isinstance(sink, TellingSink):
        return sink.write(tx, values)
    with at_hand_until_done(watch):
        return sink.write_telling(tx, values, lambda at: watch.began(sink.name, origins[at]))


@contextmanager
def at_hand_until_done(watch: ChunkWatch) -> Iterator[None]:
    """Have no record at hand behind the block; one that found no memory stays named."""
    try:
        yield
    except MemoryError:
        raise
    except BaseException:
        watch.ended()
        raise
    watch.ended()


@dataclass(slots=True)
class _Looked:
    """What a look saw, and for how long it has been so."""

    at_hand: AtHand
    seconds: float = 0.0


class RecordTimer:
    """Ends this process when a record of a step takes longer than its `record_timeout_s`.

    A thread cannot be ended, a process can; the next attempt knows which record it was. Time that
    the whole process was stopped does not count: of a pause no more than two looks do.

    Args:
        timeout_s: Of the step.
        in_flight: Where the record is noted.
        clock: For the looks.
    """

    def __init__(self, timeout_s: float, in_flight: InFlight, clock: Clock) -> None:
        self._timeout_s = timeout_s
        self._in_flight = in_flight
        self._clock = clock
        self._every_s = min(timeout_s / LOOKS_A_TIMEOUT, LOOK_EVERY_S_MAX)
        self._looked: dict[int, _Looked] = {}
        self.at_hand: dict[int, AtHand] = {}
        """By thread."""

    @contextmanager
    def armed(self) -> Iterator[None]:
        """Have the process ended even by a record that lets no thread look, inside the block.

        A C extension may hold the interpreter for ever. Then the process is ended from outside the
        interpreter, and the next attempt tells of its stacks.
        """
        _dead_man.enter(self)
        try:
            yield
        finally:
            _dead_man.leave(self)

    @property
    def silence_s_max(self) -> float:
        """How long this timer may fail to look before the process is ended."""
        return self._timeout_s + self._every_s

    @property
    def stacks(self) -> int:
        """The file for stacks that are written when nothing else can be any more."""
        return self._in_flight.stacks_file()

    def look(self) -> None:
        """Look at the records at hand until the scope of this thread is cancelled."""
        looked_s = self._clock.monotonic_s()
        while not current_scope().wait(self._every_s):
            _dead_man.prove_alive()
            now_s = self._clock.monotonic_s()
            self.count(now_s - looked_s)
            looked_s = now_s

    def count(self, passed_s: float) -> None:
        """Look at the records at hand once, so many seconds after the look before."""
        before, self._looked = self._looked, {}
        for thread, at_hand in list(self.at_hand.items()):
            seen = before.get(thread)
            if seen is None or seen.at_hand is not at_hand:
                seen = _Looked(at_hand)
            else:
                seen.seconds += min(passed_s, 2 * self._every_s)
            if seen.seconds > self._timeout_s:
                self._end(thread, at_hand)
            self._looked[thread] = seen

    def _end(self, thread: int, at_hand: AtHand) -> None:
        watch, place, origin = at_hand
        frame = sys._current_frames().get(thread)  # noqa: SLF001 - there is no other way
        stack = "".join(traceback.format_stack(frame))
        how = f"took longer than {self._timeout_s:g} s"
        self._in_flight.die_late(watch.work, Named(origin, place), how, stack)


class _DeadMan:
    """Python's one timer that needs no interpreter, shared by all steps that have a time limit.

    It allows the longest of their limits: a record may hold the interpreter as long as its own
    step lets it.
    """

    def __init__(self) -> None:
        self._timers: set[RecordTimer] = set()
        self._lock = threading.Lock()

    def enter(self, timer: RecordTimer) -> None:
        with self._lock:
            self._timers.add(timer)
            self._arm()

    def leave(self, timer: RecordTimer) -> None:
        with self._lock:
            self._timers.remove(timer)
            if self._timers:
                self._arm()
            else:
                faulthandler.cancel_dump_traceback_later()

    def prove_alive(self) -> None:
        with self._lock:
            if self._timers:
                self._arm()

    def _arm(self) -> None:
        longest = max(self._timers, key=lambda timer: timer.silence_s_max)
        faulthandler.dump_traceback_later(longest.silence_s_max, exit=True, file=longest.stacks)


_dead_man: Final = _DeadMan()
