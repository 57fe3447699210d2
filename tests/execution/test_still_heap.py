"""The heap is still as long as somebody works on chunks, and no longer."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from daybreak.execution.still_heap import still_heap


class Circle:
    """Garbage that only the collector finds."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _the_session_froze_nothing() -> Iterator[None]:
    """Take back what the session left out of all looks when it had collected its tests."""
    gc.unfreeze()
    yield
    gc.freeze()


@pytest.mark.slow
def test_what_was_there_is_left_alone_and_what_is_made_is_collected() -> None:
    old = Circle()
    before = weakref.ref(old)
    with still_heap():
        del old
        made = weakref.ref(Circle())
        gc.collect()

        assert before() is not None
        assert made() is None
    gc.collect()

    assert before() is None
    assert 0 == gc.get_freeze_count()


def test_it_is_still_until_the_last_one_leaves() -> None:
    with still_heap():
        with still_heap():
            frozen = gc.get_freeze_count()
        assert frozen == gc.get_freeze_count() > 0

    assert 0 == gc.get_freeze_count()


def test_what_somebody_else_froze_stays_frozen() -> None:
    gc.freeze()
    try:
        with still_heap():
            pass

        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()


def test_the_new_are_looked_through_less_often_as_long_as_it_is_still() -> None:
    before = gc.get_threshold()
    with still_heap():
        with still_heap():
            pass
        within = gc.get_threshold()

    assert within[0] > before[0]
    assert before == gc.get_threshold()


def test_what_somebody_else_says_of_collections_holds() -> None:
    before = gc.get_threshold()
    try:
        with still_heap():
            gc.set_threshold(100)

        assert 100 == gc.get_threshold()[0]
        gc.set_threshold(0)
        with still_heap():
            assert 0 == gc.get_threshold()[0]
    finally:
        gc.set_threshold(*before)
