"""A stage's function with what its options add: its worker's resource, the rate, further attempts.

Each attempt counts for the rate, and each waits in a way that a cancellation ends.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..errors import Quarantine
from ..model.retry import Retry
from .nodes import FlatMap, Stage
from .rate import Limiter
from .scope import Scope
from .waiting import Cancelled


def equipped(stage: Stage, resource: Any, limiter: Limiter | None, scope: Scope) -> Stage:
    """Return the stage with all that its function needs built in.

    Args:
        stage: A stage on threads.
        resource: What `using` opened for this worker.
        limiter: Of the stage's rate, shared by its workers.
        scope: Whose cancellation ends the waiting.
    """
    fn = stage.fn
    if stage.using is not None:
        fn = _given(fn, resource)
    if stage.retry is not None and isinstance(stage, FlatMap):
        fn = _read_to_its_end(fn)
    if limiter is not None:
        fn = _limited(fn, limiter, scope)
    if stage.retry is not None:
        fn = _retried(fn, stage.retry, scope)
    return stage if fn is stage.fn else replace(stage, fn=fn)


def pause(scope: Scope, seconds: float) -> None:
    """Wait.

    Raises:
        Cancelled: As soon as the scope is cancelled.
    """
    if seconds > 0 and scope.wait(seconds):
        raise Cancelled


def wait_before_retry_s(retry: Retry, error: Exception, tries: int) -> float | None:
    """Return how long to wait before the next attempt; None if the last has been made.

    Then the error is given a note that says how often it was tried.
    """
    if retry.is_worth(error, tries) and not isinstance(error, Quarantine):
        return retry.backoff.wait_s(tries, random.random())  # noqa: S311 - to spread losers apart
    if tries > 1:
        error.add_note(f"after {tries} attempts")
    return None


def _given(fn: Callable[..., Any], resource: Any) -> Callable[[Any], Any]:
    return lambda value: fn(value, resource)


def _read_to_its_end(fn: Callable[..., Any]) -> Callable[[Any], Any]:
    """What was handed on cannot be taken back by a further attempt."""
    return lambda value: list(fn(value))


def _limited(fn: Callable[..., Any], limiter: Limiter, scope: Scope) -> Callable[[Any], Any]:
    def call(value: Any) -> Any:
        pause(scope, limiter.wait_s())
        return fn(value)

    return call


def _retried(fn: Callable[..., Any], retry: Retry, scope: Scope) -> Callable[[Any], Any]:
    def call(value: Any) -> Any:
        tries = 0
        while True:
            tries += 1
            try:
                return fn(value)
            except Exception as error:
                if (wait_s := wait_before_retry_s(retry, error, tries)) is None:
                    raise
            pause(scope, wait_s)

    return call
