"""The writers of one process queue at a SQLite file, and wait for other processes together."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from daybreak.databases.turns import Turn, turn_of
from daybreak.errors import DatabaseBusy

WAIT_S_MAX = 10.0


@pytest.fixture
def turn(request: pytest.FixtureRequest) -> Turn:
    return turn_of(f"sqlite:///{request.node.name}.db")


@pytest.fixture
def others() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as found:
        yield found


class SeenLock:
    """A lock that tells when somebody begins to wait for it."""

    def __init__(self, lock: Any) -> None:
        self._lock = lock
        self.release = lock.release
        self.is_wanted = threading.Event()
        self.is_to_be_had = threading.Event()
        self.is_to_be_had.set()

    def acquire(self) -> None:
        self.is_wanted.set()
        assert self.is_to_be_had.wait(WAIT_S_MAX)
        self._lock.acquire()


def queued(turn: Any, others: ThreadPoolExecutor) -> Future[None]:
    """Have another thread wait for the turn; return when it does."""
    lock = turn._lock = SeenLock(turn._lock)
    waiting = others.submit(turn.acquire)
    assert lock.is_wanted.wait(WAIT_S_MAX)
    return waiting


def test_who_waits_behind_one_that_waits_in_vain_has_waited_in_vain(
    turn: Turn, others: ThreadPoolExecutor
) -> None:
    turn.acquire()
    waiting = queued(turn, others)
    turn.has_waited_in_vain(DatabaseBusy("locked by 7", hint="wait", database="x.db"))
    turn.release()

    with pytest.raises(DatabaseBusy, match="locked by 7") as caught:
        waiting.result(WAIT_S_MAX)
    assert ("wait", {"database": "x.db"}) == (caught.value.hint, caught.value.where)
    turn.acquire()  # whoever comes later has the turn, and waits himself
    turn.release()


def test_who_waits_has_waited_in_vain_no_more_once_another_could_write(
    turn: Turn, others: ThreadPoolExecutor
) -> None:
    turn.acquire()
    inner: Any = turn
    plain = inner._lock
    late = inner._lock = SeenLock(plain)
    late.is_to_be_had.clear()
    waiting = others.submit(turn.acquire)
    assert late.is_wanted.wait(WAIT_S_MAX)
    turn.has_waited_in_vain(DatabaseBusy("locked by 7"))
    turn.release()
    inner._lock = plain
    turn.acquire()  # somebody who comes later, and before
    turn.release()
    late.is_to_be_had.set()

    waiting.result(WAIT_S_MAX)
    turn.release()


def test_who_waits_behind_one_that_writes_has_the_turn_next(
    turn: Turn, others: ThreadPoolExecutor
) -> None:
    turn.acquire()
    turn.has_waited_in_vain(DatabaseBusy("long ago"))
    waiting = queued(turn, others)
    turn.release()

    waiting.result(WAIT_S_MAX)
    turn.release()
