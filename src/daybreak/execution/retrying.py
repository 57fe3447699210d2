"""Trying a task again within one attempt, as its `retry=` says."""

from __future__ import annotations

import random
from typing import Any, Final

from ..model.job import Step
from ..model.retry import Retry
from ..pipeline import current_scope
from ..telemetry import Said
from .chunked_step import Surroundings

ONCE: Final = Retry(attempts=1)
STOP_SEEN_S: Final = 0.2
"""How soon a stop is seen while a task waits for its next try."""


def run_task(step: Step[Any], around: Surroundings) -> str | None:
    """Run a task until it succeeds, or a further try is not worth it.

    Returns:
        What it gave, as JSON text; None if a stop was asked for while it waited for its next try.

    Raises:
        Exception: What its last try raised.
    """
    retry = step.retry or ONCE
    tries = 0
    while True:
        try:
            return around.bodies.task(step)
        except Exception as error:
            tries += 1
            if not retry.is_worth(error, tries):
                raise
            wait_s = retry.backoff.wait_s(tries, random.random())  # noqa: S311 - spreads losers
            _say(step, around, error, tries, wait_s)
            if not _waited(around, wait_s):
                if around.stop.is_requested:
                    return None
                raise


def _say(
    step: Step[Any], around: Surroundings, error: Exception, tries: int, wait_s: float
) -> None:
    assert step.retry is not None, "what is worth another try has a retry"
    message = (
        f"try {tries} of {step.retry.attempts} failed: {type(error).__name__}: {error};"
        f" the next one in {wait_s:.1f} s"
    )
    around.telemetry.publish(Said(around.clock.now(), step.name, message, {}))


def _waited(around: Surroundings, wait_s: float) -> bool:
    """Wait; say whether the next try is still wanted."""
    ends_s = around.clock.monotonic_s() + wait_s
    while (left_s := ends_s - around.clock.monotonic_s()) > 0:
        if around.stop.is_requested or current_scope().wait(min(left_s, STOP_SEEN_S)):
            return False
    return not around.stop.is_requested
