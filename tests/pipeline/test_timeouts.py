"""`timeout_s`: kept where a call can be ended, which is on the event loop and in processes.

That it is refused on threads, with the reason, is tested with the other options.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from daybreak import Retry
from daybreak.pipeline import Collect, source
from tests.pipeline import process_functions

LONG_S = 30.0  # a deadline that only a deadlock reaches
HOUR_S = 3600.0


class Slow:
    """Async functions of which odd records take an hour, or do at their first calls."""

    def __init__(self, times: int = 99) -> None:
        self.calls = 0
        self.ended = 0
        self._times = times

    async def wait(self, value: int) -> int:
        if value % 2:
            self.calls += 1
            if self.calls <= self._times:
                try:
                    await asyncio.sleep(HOUR_S)
                finally:
                    self.ended += 1
        return value

    async def many(self, value: int) -> AsyncIterator[int]:
        yield value
        yield await self.wait(value)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_async_call_is_ended_when_its_time_is_over(workers: int) -> None:
    slow = Slow()
    with pytest.raises(TimeoutError, match=r"longer than timeout_s=0\.02") as caught:
        source(range(2)).map(slow.wait, workers=workers, timeout_s=0.02).run(deadline_s=LONG_S)

    assert ["where: stage wait, record 1 of its source, from 0"] == caught.value.__notes__
    assert 1 == slow.ended


def test_each_record_has_its_own_time() -> None:
    async def short(value: int) -> int:
        await asyncio.sleep(0.02)
        return value

    results = source(range(20)).map(short, workers=2, timeout_s=0.15).collect(deadline_s=LONG_S)

    assert list(range(20)) == results


def test_a_call_that_took_too_long_can_be_set_aside() -> None:
    slow = Slow()
    pipeline = source(range(6)).map(slow.wait, workers=3, timeout_s=0.02, errors=Collect())
    with pipeline.open(deadline_s=LONG_S) as results:
        assert [0, 2, 4] == list(results)

    assert [TimeoutError] * 3 == [type(error) for error in results.report.errors]
    assert 3 == slow.ended


def test_each_attempt_has_its_own_time() -> None:
    slow = Slow(times=2)
    retry = Retry(attempts=3, on=(TimeoutError,), wait_s=0)
    results = source([1]).map(slow.wait, timeout_s=0.02, retry=retry).collect(deadline_s=LONG_S)

    assert [1] == results
    assert (3, 2) == (slow.calls, slow.ended)


def test_a_timeout_of_the_function_itself_keeps_its_words() -> None:
    async def gives_up(_value: int) -> None:
        raise TimeoutError("nobody answers")

    with pytest.raises(TimeoutError) as caught:
        source([1]).tap(gives_up, timeout_s=10).run(deadline_s=LONG_S)

    assert ("nobody answers",) == caught.value.args


def test_all_outputs_of_a_call_come_in_its_time_or_none() -> None:
    slow = Slow()
    pipeline = source(range(4)).flat_map(slow.many, timeout_s=0.02, errors=Collect())
    with pipeline.open(deadline_s=LONG_S) as results:
        assert [0, 0, 2, 2] == list(results)

    assert 2 == len(results.report.errors)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_process_is_ended_when_the_time_of_its_call_is_over(workers: int) -> None:
    pipeline: Any = source(range(4)).map(
        process_functions.sleep_if_odd,
        on="process",
        workers=workers,
        timeout_s=0.1,
        errors=Collect(),
    )
    with pipeline.open(deadline_s=LONG_S) as results:
        assert [0, 2] == list(results)
    errors = results.report.errors

    assert all(isinstance(error, TimeoutError) for error in errors)
    assert "longer than 0.1 s, and its worker process was killed" in str(errors[0])
    assert {
        f"where: stage sleep_if_odd, record {place} of its source, from 0" for place in (1, 3)
    } == {error.__notes__[-1] for error in errors}
    assert 2 == results.report.stages[0].failures


@pytest.mark.slow
def test_a_call_in_a_process_that_took_too_long_ends_the_pipeline() -> None:
    pipeline = source(range(4)).map(process_functions.sleep_if_odd, on="process", timeout_s=0.1)
    with pytest.raises(TimeoutError, match=r"longer than 0\.1 s"):
        pipeline.run(deadline_s=LONG_S)
