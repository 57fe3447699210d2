"""What can be said of a stage besides its function, and which of it makes no sense.

A wrong option is refused when the pipeline is built, not when it runs at night.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Final, Literal, TypeAlias

from ..errors import DefinitionError
from ..model.limits import BadLimit
from ..model.retry import Retry
from .block import BLOCK_RECORDS
from .rate import Rate

Workers: TypeAlias = int | Literal["auto"]
Lane: TypeAlias = Literal["thread", "async", "process"]
"""Where a stage's function runs."""

WORKERS_MAX: Final = 1_000
"""Workers of one stage; more than this is a slip of the finger."""

SECONDS_MAX: Final = 2_000_000
"""Three weeks: the longest that the system waits for anything, but for ever."""


@dataclass(frozen=True, slots=True)
class Collect:
    """Failures of a stage are set aside, not raised, as long as they are few.

    A record whose function raised goes no further; its error is kept in the report.

    Args:
        max: The most failures; one more ends the pipeline with `TooManyBadRecords`.
        max_rate: The largest share of the records that came so far, such as `"0.1%"`; fewer than
            10 failures never exceed it. Without either, any number is allowed.

    Raises:
        DefinitionError: If one of them is out of bounds.
    """

    max: int | None = None
    max_rate: str | None = None

    def __post_init__(self) -> None:
        """Refuse values outside their bounds."""
        if self.max is not None and (type(self.max) is not int or self.max < 0):
            raise DefinitionError(f"expected max of Collect to be 0 or more, got {self.max!r}")
        if self.max_rate is not None:
            share_of(self.max_rate)


def share_of(rate: str) -> Decimal:
    """Read the share that a `max_rate` means.

    Raises:
        DefinitionError: If it is no percentage.
    """
    with suppress(DefinitionError):  # it speaks of an option of a step
        if (share := BadLimit.parse(rate).share) is not None:
            return share
    raise DefinitionError(
        f"expected max_rate of Collect to be a percentage, got {rate!r}",
        hint='write for example Collect(max_rate="0.1%"), or Collect(max=100) for a count',
    )


def lane_of(fn: Callable[..., Any], on: str | None) -> Lane:
    """Say where a function runs: an async one on the event loop, a plain one where `on` says."""
    if is_async(fn):
        return "async"
    return "process" if on == "process" else "thread"


def is_async(fn: Callable[..., Any]) -> bool:
    """Say whether calling it gives something to wait for, or to iterate over by waiting."""
    while isinstance(fn, partial):
        fn = fn.func
    call = fn if inspect.isroutine(fn) else type(fn).__call__
    return inspect.iscoroutinefunction(call) or inspect.isasyncgenfunction(call)


def answers_at_once(fn: object) -> bool:
    """Say whether it is a function, and no async one."""
    return callable(fn) and not is_async(fn)


def refuse_nonsense(stage: str, fn: object, options: Any) -> None:
    """Refuse what no engine could run.

    Args:
        stage: Its name.
        fn: Its function.
        options: Whatever has the attributes of a `Stage`.

    Raises:
        DefinitionError: What is wrong, and what to write instead.
    """
    if not callable(fn):
        raise DefinitionError(f"expected stage {stage!r} to be a function, got {fn!r}")
    for option, is_right, expected in _TABLE:
        value = getattr(options, option)
        if not (value is None and option in _UNSAID) and not is_right(value):
            raise DefinitionError(f"expected {option} to be {expected}, got {value!r}", stage=stage)
    _refuse_lane(stage, lane_of(fn, options.on), options)


def _refuse_lane(stage: str, lane: Lane, options: Any) -> None:
    if lane == "async" and options.on is not None:
        raise DefinitionError(
            f"stage {stage!r} is an async function, which runs on the event loop",
            hint="drop on=, or give a plain function",
        )
    if lane == "thread" and options.timeout_s is not None:
        raise DefinitionError(
            f"timeout_s cannot be kept by stage {stage!r}: a call in a thread cannot be ended",
            hint='give an async function, or on="process"; or a timeout to the call itself',
        )


def _is_workers(value: object) -> bool:
    return value == "auto" or (type(value) is int and 1 <= value <= WORKERS_MAX)


def is_seconds(value: object) -> bool:
    """Say whether one can wait so long."""
    return type(value) in {int, float} and 0 < value <= SECONDS_MAX  # type: ignore[operator]


SECONDS_EXPECTED: Final = f"a positive number of seconds, {SECONDS_MAX:,} at most"
_UNSAID: Final = frozenset(
    {"on", "using", "rate", "retry", "timeout_s", "block", "linger_s", "errors"}
)
"""Options that are None unless they are said."""

_TABLE: Final[tuple[tuple[str, Callable[[Any], bool], str], ...]] = (
    ("name", lambda value: type(value) is str and value != "", "a text"),
    ("workers", _is_workers, f'an integer from 1 to {WORKERS_MAX}, or "auto"'),
    ("ordered", lambda value: type(value) is bool, "True or False"),
    ("on", lambda value: value in ("thread", "process"), '"thread" or "process"'),
    ("using", callable, "a function that returns a context manager"),
    ("rate", lambda value: isinstance(value, Rate), 'a rate such as "200/s"'),
    ("retry", lambda value: isinstance(value, Retry), "a Retry"),
    ("timeout_s", is_seconds, SECONDS_EXPECTED),
    (
        "block",
        lambda value: type(value) is int and 1 <= value <= BLOCK_RECORDS,
        f"an integer from 1 to {BLOCK_RECORDS}",
    ),
    ("linger_s", is_seconds, SECONDS_EXPECTED),
    ("errors", lambda value: isinstance(value, Collect), "a Collect"),
)
