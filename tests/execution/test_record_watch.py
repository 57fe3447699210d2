"""A record that takes too long is named; time that the process was stopped does not count."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from daybreak.execution.in_flight import InFlight
from daybreak.execution.record_watch import ChunkWatch, RecordTimer
from daybreak.ledger.clock import SystemClock
from daybreak.model.deaths import Named, Work
from daybreak.model.ownership import Pass
from daybreak.model.ranges import Range
from daybreak.pipeline import Block, Origin, Scope, carrier, source

WORK = Work(Pass("load"), Range.of(0, 10))


class Ended(Exception):  # noqa: N818 - reads as a sentence
    """The process would have ended here."""


class Notes(InFlight):
    """Notes that do not end this process."""

    def die_late(self, work: Work, named: Named, how: str, stack: str) -> None:
        raise Ended(work, named, how, stack)


@contextmanager
def record_at_hand(timer: RecordTimer) -> Iterator[ChunkWatch]:
    """Have another thread stand in a record."""
    begun, done = threading.Event(), threading.Event()
    watch = ChunkWatch(WORK, timer.at_hand)

    def stand() -> None:
        watch.began("square", 3)
        begun.set()
        done.wait()

    thread = threading.Thread(target=stand)
    thread.start()
    begun.wait()
    try:
        yield watch
    finally:
        done.set()
        thread.join()


def timer_of(timeout_s: float) -> RecordTimer:
    return RecordTimer(timeout_s, Notes(), SystemClock())


def test_a_record_that_takes_too_long_is_named_with_its_place_and_its_stack() -> None:
    timer = timer_of(2.0)
    with record_at_hand(timer):
        for seconds in (0.0, 0.5, 0.5, 0.5, 0.5):
            timer.count(seconds)
        with pytest.raises(Ended) as ended:
            timer.count(0.5)

    work, named, how, stack = ended.value.args
    assert (WORK, Named(3, "square"), "took longer than 2 s") == (work, named, how)
    assert "in stand" in stack


def test_a_pause_of_the_whole_process_counts_as_two_looks() -> None:
    timer = timer_of(2.0)
    with record_at_hand(timer):
        for seconds in (0.0, 0.5, 1e6):
            timer.count(seconds)  # nobody is named


def test_a_new_record_has_time_of_its_own() -> None:
    timer = timer_of(2.0)
    with record_at_hand(timer) as watch:
        (thread,) = timer.at_hand
        for origin in range(20):
            timer.at_hand[thread] = (watch, "square", origin)
            timer.count(0.5)


def test_a_thread_without_a_record_is_left_alone() -> None:
    timer = timer_of(2.0)
    with record_at_hand(timer):
        timer.count(0.5)
        timer.at_hand.clear()
        for _ in range(20):
            timer.count(0.5)


# ---------------------------------------------------------------- stages


class Heard:
    """A watch that remembers."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Origin] | None] = []

    def began(self, place: str, origin: Origin) -> None:
        self.told.append((place, origin))

    def ended(self) -> None:
        self.told.append(None)


def test_what_is_at_hand_inside_a_stage_is_always_its_record() -> None:
    """Also when a stage goes on with a record after stages behind it had others at hand."""
    heard = Heard()
    inside: list[tuple[object, int]] = []

    def spelled(number: int) -> Iterator[int]:
        for part in range(600):  # more than a block: stages behind it come in between
            inside.append((heard.told[-1], number))
            yield part

    pipeline = source([0]).flat_map(spelled).map(abs).filter(bool).tap(repr)  # type: ignore[arg-type]
    with Scope() as scope, carrier(scope, pipeline.inner) as carries:
        carries.carry(Block([5, 6, 7], [0, 1, 2]), watch=heard)

    assert all(at == ("spelled", number - 5) for at, number in inside)
    assert heard.told[-1] is None


def refuse_two(number: int) -> None:
    if number == 2:
        raise ValueError(number)


def test_a_watch_changes_nothing_of_what_is_carried() -> None:
    pipeline = source([0]).map(lambda n: 10 // n).filter(lambda n: n > 1).tap(refuse_two)
    block = Block(list(range(10)), range(10))
    with Scope() as scope, carrier(scope, pipeline.inner) as carries:
        plain = carries.carry(block)
        told = carries.carry(block, watch=Heard())

    assert (plain.block, plain.filtered) == (told.block, told.filtered)
    assert [f.origin for f in plain.failures] == [f.origin for f in told.failures] == [0, 4, 5]
