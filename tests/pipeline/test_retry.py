"""A call that failed is tried again: how often, after which exceptions, and how the waits end."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from daybreak import Quarantine, Retry
from daybreak.errors import DeadlinePassed, ProofFailed
from daybreak.pipeline import Collect, Scope, source
from daybreak.pipeline.equip import wait_before_retry_s
from tests.pipeline import process_functions

LONG_S = 30.0  # a deadline that only a deadlock reaches
AT_ONCE = Retry(attempts=3, wait_s=0)


class Tried:
    """A function that fails at some calls, and counts all."""

    def __init__(self, error: Exception, times: int) -> None:
        self.calls: Counter[int] = Counter()
        self._error = error
        self._times = times

    def plain(self, value: int) -> int:
        self.calls[value] += 1
        if value == 3 and self.calls[value] <= self._times:
            raise self._error
        return value

    async def later(self, value: int) -> int:
        return self.plain(value)

    def many(self, value: int) -> Iterator[int]:
        yield value
        yield self.plain(value)

    async def many_later(self, value: int) -> AsyncIterator[int]:
        yield value
        yield self.plain(value)


LANES: list[Callable[[Tried], Callable[[int], Any]]] = [
    lambda tried: tried.plain,
    lambda tried: tried.later,
]
lanes = pytest.mark.parametrize("function_of", LANES, ids=["thread", "async"])


@lanes
@pytest.mark.parametrize("workers", [1, 3])
def test_a_call_is_tried_again_until_it_succeeds(function_of: Any, workers: int) -> None:
    tried = Tried(OSError("no"), times=2)
    results = source(range(6)).map(function_of(tried), workers=workers, retry=AT_ONCE).collect()

    assert list(range(6)) == results
    assert {0: 1, 1: 1, 2: 1, 3: 3, 4: 1, 5: 1} == tried.calls


@lanes
def test_the_last_failure_is_raised_and_says_how_often_it_was_tried(function_of: Any) -> None:
    tried = Tried(OSError("no"), times=99)
    with pytest.raises(OSError, match="no") as caught:
        source(range(6)).map(function_of(tried), retry=AT_ONCE, name="ask").collect()

    assert ["after 3 attempts", "where: stage ask, record 3 of its source, from 0"] == (
        caught.value.__notes__
    )
    assert 3 == tried.calls[3]


@lanes
@pytest.mark.parametrize(
    "error",
    [ValueError("of another kind"), Quarantine("set aside"), ProofFailed("of our own")],
    ids=lambda error: type(error).__name__,
)
def test_what_no_second_try_can_mend_is_raised_at_once(function_of: Any, error: Any) -> None:
    tried = Tried(error, times=99)
    kinds = (Exception,) if not isinstance(error, ValueError) else (OSError, LookupError)
    with pytest.raises(type(error)) as caught:
        source([3]).map(function_of(tried), retry=Retry(on=kinds, wait_s=0)).collect()

    assert 1 == tried.calls[3]
    assert not any("attempts" in note for note in caught.value.__notes__)


@pytest.mark.parametrize("verb", ["map", "filter", "tap"])
def test_every_verb_can_be_retried(verb: str) -> None:
    tried = Tried(OSError("no"), times=1)
    add: Callable[..., Any] = getattr(source(range(1, 5)), verb)

    assert [1, 2, 3, 4] == add(tried.plain, retry=AT_ONCE).collect()
    assert 2 == tried.calls[3]


@pytest.mark.parametrize("is_async", [False, True], ids=["thread", "async"])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_flat_map_that_is_tried_again_hands_nothing_on_twice(
    is_async: bool,  # noqa: FBT001 - a column of a table
    workers: int,
) -> None:
    tried = Tried(OSError("no"), times=1)
    fn: Callable[[int], Any] = tried.many_later if is_async else tried.many
    results = source(range(5)).flat_map(fn, workers=workers, retry=AT_ONCE).collect()

    assert [each for value in range(5) for each in (value, value)] == results
    assert 2 == tried.calls[3]


@lanes
@pytest.mark.parametrize("end", ["break", "deadline"])
def test_the_wait_before_the_next_attempt_ends_with_the_pipeline(
    function_of: Any, end: str
) -> None:
    failed = threading.Event()
    tried = Tried(OSError("no"), times=99)

    class Failing(Tried):
        def plain(self, value: int) -> int:
            try:
                return tried.plain(value)
            except OSError:
                failed.set()
                raise

    an_hour = Retry(attempts=2, wait_s=3600, wait_s_max=3600)
    pipeline = source([1, 2, 3]).map(function_of(Failing(OSError(), 0)), retry=an_hour, block=1)
    if end == "break":
        with pipeline.open(deadline_s=LONG_S) as results:
            assert 1 == next(results)
            assert failed.wait(LONG_S)
    else:
        with pytest.raises(DeadlinePassed):
            pipeline.run(deadline_s=0.1)

    assert 1 == tried.calls[3]


def test_waits_grow_and_the_last_attempt_is_followed_by_none() -> None:
    retry = Retry(attempts=4, wait_s=1, wait_s_max=3)
    error = OSError("no")
    waits = [wait_before_retry_s(retry, error, tries) for tries in (1, 2, 3)]

    for wait_s, whole in zip(waits, (1, 2, 3), strict=True):
        assert wait_s is not None
        assert whole / 2 <= wait_s <= whole
    assert not hasattr(error, "__notes__")
    assert wait_before_retry_s(retry, error, 4) is None
    assert ["after 4 attempts"] == error.__notes__


def test_a_call_that_is_not_tried_again_has_no_number_of_attempts() -> None:
    error = OSError("no")

    assert wait_before_retry_s(Retry(attempts=1), error, 1) is None
    assert not hasattr(error, "__notes__")


# ---------------------------------------------------------------- in processes


def records_in(folder: Path, count: int) -> list[tuple[str, int]]:
    return [(str(folder), value) for value in range(count)]


def calls_in(folder: Path) -> Counter[int]:
    return Counter(int(file.name.split()[1]) for file in folder.glob("call *"))


@pytest.mark.slow
def test_calls_in_processes_are_tried_again(tmp_path: Path) -> None:
    pipeline = source(records_in(tmp_path, 8)).map(
        process_functions.fail_at_first, on="process", workers=2, retry=AT_ONCE
    )

    assert list(range(8)) == pipeline.collect(deadline_s=LONG_S)
    assert {value: 1 + value % 2 for value in range(8)} == calls_in(tmp_path)


@pytest.mark.slow
def test_outputs_of_processes_are_not_handed_on_twice(tmp_path: Path) -> None:
    pipeline = source(records_in(tmp_path, 4)).flat_map(
        process_functions.outputs_fail_at_first, on="process", retry=AT_ONCE
    )

    assert [0, 0, 1, 1, 2, 2, 3, 3] == pipeline.collect(deadline_s=LONG_S)
    assert dict.fromkeys(range(4), 2) == calls_in(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fn", "kind", "calls"),
    [
        (process_functions.fail_always, ConnectionError, 3),
        (process_functions.quarantine, Quarantine, 1),
    ],
)
def test_the_last_failure_in_a_process_is_raised(
    tmp_path: Path, fn: Any, kind: type[Exception], calls: int
) -> None:
    with pytest.raises(kind) as caught:
        source(records_in(tmp_path, 1)).map(fn, on="process", retry=AT_ONCE).collect()

    assert {0: calls} == calls_in(tmp_path)
    assert ("after 3 attempts" in caught.value.__notes__) == (calls == 3)


@pytest.mark.slow
def test_the_wait_for_a_further_attempt_in_a_process_ends_with_the_pipeline(
    tmp_path: Path,
) -> None:
    an_hour = Retry(attempts=2, wait_s=3600, wait_s_max=3600)
    pipeline = source(records_in(tmp_path, 1)).map(
        process_functions.fail_always, on="process", retry=an_hour, errors=Collect()
    )
    with pipeline.open(deadline_s=LONG_S), Scope() as scope:
        while not calls_in(tmp_path):
            assert not scope.wait(0.01)

    assert {0: 1} == calls_in(tmp_path)
