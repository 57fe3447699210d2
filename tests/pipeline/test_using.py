"""`using=`: each worker has something of its own, opened before its first record and closed again.

That it is closed however the pipeline ends is tested on all lanes.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest

from daybreak.errors import DeadlinePassed
from daybreak.pipeline import Pipeline, current_scope, source
from tests.pipeline import process_functions

LONG_S = 30.0  # a deadline that only a deadlock reaches
HOUR_S = 3600.0


class Bad(Exception):  # noqa: N818 - it reads as a sentence
    """What is raised on purpose."""


class Clients:
    """Counts what was opened and closed; each has a number and knows who opened it."""

    def __init__(self, *, opens: bool = True, closes: bool = True) -> None:
        self.opened: list[int] = []
        self.closed: list[int] = []
        self.threads: list[int] = []
        self._opens = opens
        self._closes = closes
        self._lock = threading.Lock()

    def _open(self) -> int:
        with self._lock:
            number = len(self.opened)
            self.opened.append(number)
            self.threads.append(threading.get_ident())
        if not self._opens:
            raise Bad("nobody answers")
        return number

    def _close(self, number: int) -> None:
        self.closed.append(number)
        if not self._closes:
            raise Bad("cannot log out")

    @contextmanager
    def plain(self) -> Iterator[int]:
        number = self._open()
        try:
            yield number
        finally:
            self._close(number)

    @asynccontextmanager
    async def later(self) -> AsyncIterator[int]:
        await asyncio.sleep(0)
        number = self._open()
        try:
            yield number
        finally:
            await asyncio.sleep(0)
            self._close(number)

    def is_all_closed(self) -> bool:
        return sorted(self.opened) == sorted(self.closed)


def whose(value: int, client: int) -> tuple[int, int]:
    return value, client


async def whose_later(value: int, client: int) -> tuple[int, int]:
    await asyncio.sleep(0)
    return value, client


def with_clients(
    items: Any, lane: str, clients: Clients, fn: Callable[..., Any] | None = None, **options: Any
) -> Pipeline[Any]:
    """Build a stage of either lane, which says of each record whose client it was given."""
    add: Callable[..., Any] = source(items).map
    if lane == "thread":
        return add(fn or whose, using=clients.plain, **options)  # type: ignore[no-any-return]
    return add(fn or whose_later, using=clients.later, **options)  # type: ignore[no-any-return]


lanes = pytest.mark.parametrize("lane", ["thread", "async"])


@lanes
@pytest.mark.parametrize("workers", [1, 3])
def test_each_worker_opens_one_and_closes_it_when_it_has_drained(lane: str, workers: int) -> None:
    clients = Clients()
    results = with_clients(range(500), lane, clients, workers=workers).collect(deadline_s=LONG_S)

    assert list(range(500)) == [value for value, _client in results]
    assert {client for _value, client in results} <= set(clients.opened)
    assert 1 <= len(clients.opened) <= workers
    assert clients.is_all_closed()


def test_workers_that_work_at_once_have_one_each() -> None:
    clients = Clients()
    together = threading.Barrier(3, timeout=LONG_S)

    def wait_for_others(_value: int, client: int) -> int:
        together.wait()
        return client

    used = with_clients(range(3), "thread", clients, wait_for_others, workers=3).collect()

    assert [0, 1, 2] == sorted(used)
    assert 3 == len(set(clients.threads))
    assert clients.is_all_closed()


@lanes
def test_nothing_is_opened_for_no_records(lane: str) -> None:
    clients = Clients()

    assert [] == with_clients([], lane, clients, workers=3).collect(deadline_s=LONG_S)
    assert [] == clients.opened


def test_a_worker_that_has_nothing_to_do_opens_none() -> None:
    clients = Clients()
    with_clients(range(2), "thread", clients, workers=20).run(deadline_s=LONG_S)

    assert 1 <= len(clients.opened) <= 2


@lanes
@pytest.mark.parametrize("workers", [1, 3])
def test_all_are_closed_after_an_error(lane: str, workers: int) -> None:
    clients = Clients()

    def fails(value: int, _client: int) -> int:
        if value == 50:
            raise Bad(value)
        return value

    async def fails_later(value: int, client: int) -> int:
        return fails(value, client)

    fn = fails if lane == "thread" else fails_later
    with pytest.raises(Bad):
        with_clients(count(), lane, clients, fn, workers=workers).run(deadline_s=LONG_S)

    assert clients.opened
    assert clients.is_all_closed()


@lanes
@pytest.mark.parametrize("workers", [1, 3])
def test_all_are_closed_after_a_break(lane: str, workers: int) -> None:
    clients = Clients()
    pipeline = with_clients(count(), lane, clients, workers=workers)
    with pipeline.open(deadline_s=LONG_S) as results:
        assert 20 == len(list(islice(results, 20)))

    assert clients.opened
    assert clients.is_all_closed()


@lanes
def test_all_are_closed_after_a_stop(lane: str) -> None:
    clients = Clients()
    with with_clients(count(), lane, clients, workers=3).open(deadline_s=LONG_S) as results:
        received = list(islice(results, 20))
        results.stop()
        received += results

    assert list(range(len(received))) == [value for value, _client in received]
    assert clients.is_all_closed()


@lanes
def test_all_are_closed_after_a_deadline(lane: str) -> None:
    clients = Clients()

    def waits(_value: int, _client: int) -> None:
        current_scope().wait(HOUR_S)

    async def waits_later(_value: int, _client: int) -> None:
        await asyncio.sleep(HOUR_S)

    fn = waits if lane == "thread" else waits_later
    with pytest.raises(DeadlinePassed):
        with_clients(range(9), lane, clients, fn, workers=3, block=1).run(deadline_s=0.1)

    assert clients.opened
    assert clients.is_all_closed()


@lanes
@pytest.mark.parametrize("workers", [1, 3])
def test_one_that_cannot_be_opened_ends_the_pipeline(lane: str, workers: int) -> None:
    clients = Clients(opens=False)
    with pytest.raises(Bad, match="nobody answers"):
        with_clients(count(), lane, clients, workers=workers).run(deadline_s=LONG_S)


@lanes
@pytest.mark.parametrize("workers", [1, 3])
def test_one_that_cannot_be_closed_is_an_error_and_the_others_are_closed(
    lane: str, workers: int
) -> None:
    clients = Clients(closes=False)
    with pytest.raises(Bad, match="cannot log out"):
        with_clients(range(300), lane, clients, workers=workers).run(deadline_s=LONG_S)

    assert clients.is_all_closed()


def test_the_error_of_closing_is_told_beside_the_one_that_came_first() -> None:
    def fails(_value: int, _client: int) -> None:
        raise OSError("first")

    with pytest.raises(Bad, match="cannot log out") as caught:
        with_clients([1], "thread", Clients(closes=False), fails).run(deadline_s=LONG_S)

    assert isinstance(caught.value.__context__, OSError)


@pytest.mark.parametrize("verb", ["filter", "flat_map", "tap"])
def test_other_verbs_have_them_too(verb: str) -> None:
    clients = Clients()
    seen = []

    def note(value: int, client: int) -> list[int]:
        seen.append((value, client))
        return [value]

    add: Callable[..., Any] = getattr(source(range(3)), verb)

    assert [0, 1, 2] == add(note, using=clients.plain).collect(deadline_s=LONG_S)
    assert [(0, 0), (1, 0), (2, 0)] == seen
    assert clients.is_all_closed()


def test_a_generator_that_was_left_is_closed_before_its_client() -> None:
    clients = Clients()
    seen = []

    def endless(value: int, _client: int) -> Iterator[int]:
        try:
            yield from count(value)
        finally:
            seen.append(list(clients.closed))

    add: Callable[..., Pipeline[int]] = source([1]).flat_map
    with add(endless, using=clients.plain).open(deadline_s=LONG_S) as results:
        next(results)

    assert [[]] == seen
    assert clients.is_all_closed()


# ---------------------------------------------------------------- in processes


def in_processes(folder: Path, items: Any, fn: Any, workers: int = 1) -> Pipeline[Any]:
    using = partial(process_functions.noted, str(folder))
    add: Callable[..., Any] = source(items).map
    return add(fn, using=using, on="process", workers=workers)  # type: ignore[no-any-return]


def noted_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.slow
def test_a_process_opens_one_and_closes_it_when_it_has_drained(tmp_path: Path) -> None:
    results = in_processes(tmp_path, range(50), process_functions.with_resource).collect()

    assert [(value, "resource 0") for value in range(50)] == results
    assert ["closed 0", "opened 0"] == noted_in(tmp_path)


@pytest.mark.slow
def test_a_break_closes_what_a_process_has_opened(tmp_path: Path) -> None:
    using = partial(process_functions.closed_whatever, str(tmp_path))
    add: Callable[..., Pipeline[Any]] = source(count).map
    pipeline = add(process_functions.with_resource, using=using, on="process")
    with pipeline.open(deadline_s=LONG_S) as results:
        assert (0, None) == next(results)

    assert ["closed"] == noted_in(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("fails", ["in the process", "behind it"])
def test_an_error_closes_what_a_process_has_opened(tmp_path: Path, fails: str) -> None:
    using = partial(process_functions.closed_whatever, str(tmp_path))
    add: Callable[..., Pipeline[Any]] = source(count).map
    if fails == "in the process":
        pipeline = add(process_functions.refuse_seven_with, using=using, on="process")
    else:
        pipeline = add(process_functions.with_resource, using=using, on="process")
        pipeline = pipeline.map(lambda pair: process_functions.refuse_seven_with(*pair))
    with pytest.raises(ValueError, match="seven"):
        pipeline.run(deadline_s=LONG_S)

    assert ["closed"] == noted_in(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("using", "message"),
    [
        (process_functions.refusing, "nobody answers"),
        (process_functions.failing_to_close, "cannot log out"),
    ],
)
def test_a_process_that_cannot_open_or_close_is_an_error(using: Any, message: str) -> None:
    add: Callable[..., Pipeline[Any]] = source(range(5)).map
    pipeline = add(process_functions.with_resource, using=using, on="process", workers=2)
    with pytest.raises(ConnectionError, match=message):
        pipeline.run(deadline_s=LONG_S)
