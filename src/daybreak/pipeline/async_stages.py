"""What each verb does to a block where its function is async: the loops of `stages`, awaiting.

A loop that turns slow is cut short by itself: it looks at the clock after each record.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from time import perf_counter
from typing import Any, Final, TypeAlias

from ..model.retry import Retry
from .block import Block
from .equip import wait_before_retry_s
from .leash import CUT_AFTER_S
from .nodes import Filter, FlatMap, Map, Stage, Tap
from .rate import Limiter
from .stages import Fates, tell_of

AsyncCall: TypeAlias = Callable[[Any], Awaitable[Any]]
AloneAsync: TypeAlias = Callable[[Any], Awaitable[list[Any]]]
AloneUncalled: TypeAlias = Callable[[AsyncCall, Any], Awaitable[list[Any]]]
AsyncRule: TypeAlias = Callable[
    [str, AsyncCall, Block[Any], Fates, "Turn"], AsyncGenerator[Block[Any], None]
]


def equipped_async(stage: Stage, resource: Any, limiter: Limiter | None) -> AsyncCall:
    """Return the stage's function with all that its options add.

    Args:
        stage: A stage whose function is async.
        resource: What `using` opened for this worker.
        limiter: Of the stage's rate, shared by its workers.
    """
    fn: Callable[..., Any] = stage.fn
    if stage.using is not None:
        fn = _given(fn, resource)
    if isinstance(stage, FlatMap) and _needs_an_end(stage):
        fn = _read_to_its_end(fn)
    if stage.timeout_s is not None:
        fn = _timed(fn, stage.timeout_s)
    if limiter is not None:
        fn = _limited(fn, limiter)
    if stage.retry is not None:
        fn = _retried(fn, stage.retry)
    return fn


def _needs_an_end(stage: Stage) -> bool:
    """Whether its outputs are read before any is handed on: as one attempt, or in one time."""
    return not (stage.retry is None and stage.timeout_s is None)


def _given(fn: Callable[..., Any], resource: Any) -> Callable[[Any], Any]:
    return lambda value: fn(value, resource)


def _read_to_its_end(fn: Callable[..., Any]) -> AsyncCall:
    async def call(value: Any) -> Any:
        outputs = fn(value)
        if isinstance(outputs, AsyncIterable):
            return [output async for output in outputs]
        return list(await outputs)

    return call


def _timed(fn: AsyncCall, timeout_s: float) -> AsyncCall:
    async def call(value: Any) -> Any:
        try:
            async with asyncio.timeout(timeout_s) as timeout:
                return await fn(value)
        except TimeoutError as error:
            if not timeout.expired():
                raise
            raise TimeoutError(f"the call took longer than timeout_s={timeout_s:g}") from error

    return call


def _limited(fn: AsyncCall, limiter: Limiter) -> AsyncCall:
    async def call(value: Any) -> Any:
        if (wait_s := limiter.wait_s()) > 0:
            await asyncio.sleep(wait_s)
        called = fn(value)
        return called if isinstance(called, AsyncIterable) else await called

    return call


def _retried(fn: AsyncCall, retry: Retry) -> AsyncCall:
    async def call(value: Any) -> Any:
        tries = 0
        while True:
            tries += 1
            try:
                return await fn(value)
            except Exception as error:
                if (wait_s := wait_before_retry_s(retry, error, tries)) is None:
                    raise
            await asyncio.sleep(wait_s)

    return call


def failure(error: BaseException) -> Exception:
    """Return what a function raised as a failure of its record, or raise it if it is none.

    A cancellation that nobody asked this task for came out of the function: its own affair.
    """
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise error
        cut = RuntimeError("an async function was cancelled, but not by its pipeline")
        cut.__cause__ = error
        return cut
    if isinstance(error, MemoryError) or not isinstance(error, Exception):
        raise error
    return error


class Turn:
    """How long a task goes on with records that travel together, before it hands results on."""

    def __init__(self) -> None:
        self.rest: Block[Any] | None = None
        """What it has not begun when its turn was over."""

        self._ends_at = perf_counter() + CUT_AFTER_S

    def is_over(self, block: Block[Any], done: int) -> bool:
        """Say whether to break off after so many records."""
        if done == len(block) or perf_counter() < self._ends_at:
            return False
        self.rest = block.part(done, len(block))
        return True


async def _map_alone(call: AsyncCall, value: Any) -> list[Any]:
    return [await call(value)]


async def _filter_alone(call: AsyncCall, value: Any) -> list[Any]:
    return [value] if await call(value) else []


async def _tap_alone(call: AsyncCall, value: Any) -> list[Any]:
    await call(value)
    return [value]


ALONE_ASYNC: Final[dict[type[Stage], AloneUncalled]] = {
    Map: _map_alone,
    Filter: _filter_alone,
    Tap: _tap_alone,
}
"""Of each verb, how its function applies to a record that travels alone; see `alone`."""


def _one_by_one(apply: AloneUncalled) -> AsyncRule:
    """Make the loop of a verb that gives one result of a record, or none."""

    async def rule(
        stage: str, call: AsyncCall, block: Block[Any], fates: Fates, turn: Turn
    ) -> AsyncGenerator[Block[Any], None]:
        values: list[Any] = []
        origins: list[Any] = []
        for done, (value, origin) in enumerate(zip(block.values, block.origins, strict=True), 1):
            try:
                results = await apply(call, value)
            except BaseException as error:  # noqa: BLE001 - sorted out by `failure`
                fates.failed(origin, stage, failure(error))
            else:
                if results:
                    values.extend(results)
                    origins.append(origin)
                else:
                    fates.dropped(origin)
            if turn.is_over(block, done):
                break
        yield Block(values, origins)

    return rule


async def _flat_map(
    stage: str, call: AsyncCall, block: Block[Any], fates: Fates, turn: Turn
) -> AsyncGenerator[Block[Any], None]:
    """Give the outputs of each record as they come; see `stages` for what is told of them."""
    for done, (value, origin) in enumerate(zip(block.values, block.origins, strict=True), 1):
        outputs: Any = None
        try:
            outputs = call(value)
            if not isinstance(outputs, AsyncIterable):
                outputs = await outputs
            if not isinstance(outputs, AsyncIterable):
                outputs = _each(outputs)
            async for output in outputs:
                fates.born(origin, 1)
                yield Block([output], [origin])
        except BaseException as error:  # noqa: BLE001 - sorted out by `failure`
            fates.failed(origin, stage, failure(error))
        else:
            tell_of(-1, origin, fates)
        finally:
            if isinstance(outputs, AsyncGenerator):
                await outputs.aclose()
        if turn.is_over(block, done):
            return


async def _each(outputs: Any) -> AsyncGenerator[Any, None]:
    for output in outputs:
        yield output


ASYNC_RULES: Final[dict[type[Stage], AsyncRule]] = {
    **{verb: _one_by_one(apply) for verb, apply in ALONE_ASYNC.items()},
    FlatMap: _flat_map,
}
