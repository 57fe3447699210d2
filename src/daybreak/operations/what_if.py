"""What a plan is to suppose: `records=2x,workers=4,start=01:30,restart=10m,db=8,load=0.5x`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from math import inf
from typing import Final

from ..errors import ParameterError

RESTART_S: Final = 300.0
"""How long it takes until a failed run goes on, unless the plan is told otherwise."""

_UNITS: Final = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_EXAMPLE: Final = "write for example records=2x,workers=4,start=01:30,restart=10m"
_TIMES_MOST: Final = 1e6
_WHOLE_MOST: Final = 10**15
_SECONDS_MOST: Final = 366 * 86_400.0
"""What is more than these is a mistake."""


@dataclass(frozen=True)
class WhatIf:
    """What is supposed of a night."""

    volume_times: float = 1.0
    """So many times the records that are expected."""

    records: int | None = None
    """So many records in the largest step, whatever is expected."""

    workers: int | None = None
    """At most so many steps at work at the same time."""

    start: time | None = None
    """By the clock of the window's zone."""

    restart_s: float = RESTART_S
    """From the end of a run that failed until the same command goes on with it."""

    limits: Mapping[str, int] = field(default_factory=dict)
    step_times: Mapping[str, float] = field(default_factory=dict)
    """So many times the seconds of a step."""

    step_s: Mapping[str, float] = field(default_factory=dict)
    """What a step takes, of which nothing is known."""


def read_what_if(text: str, steps: Collection[str], limits: Collection[str]) -> WhatIf:
    """Read what was typed behind `--what-if`.

    Args:
        text: Pairs with commas between them; empty for nothing.
        steps: The job's.
        limits: The names that steps use.

    Raises:
        ParameterError: If a name is unknown, or supposed twice, or a value is none of its kind.
    """
    found: dict[str, object] = {}
    units: dict[str, int] = {}
    times: dict[str, float] = {}
    seconds: dict[str, float] = {}
    for pair, name, value in _pairs(text):
        match name:
            case "records" if value.endswith("x"):
                found["volume_times"] = _times(pair, value)
            case "records":
                found["records"] = _whole(pair, value)
            case "workers":
                found["workers"] = _whole(pair, value)
            case "start":
                found["start"] = _clock(pair, value)
            case "restart":
                found["restart_s"] = _seconds(pair, value)
            case _ if name in steps and value.endswith("x"):
                times[name] = _times(pair, value)
            case _ if name in steps:
                seconds[name] = _seconds(pair, value)
            case _ if name in limits:
                units[name] = _whole(pair, value)
            case _:
                raise _unknown(name, steps, limits)
    return WhatIf(**found, limits=units, step_times=times, step_s=seconds)  # type: ignore[arg-type]


def _pairs(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield each pair as typed, with its name and its value."""
    named: set[str] = set()
    for pair in filter(None, (one.strip() for one in text.split(","))):
        name, _, value = (part.strip() for part in pair.partition("="))
        if name in named:
            raise ParameterError(
                f"{name!r} is supposed twice, the second time in {pair!r}", hint="leave one out"
            )
        named.add(name)
        yield pair, name, value


def _unknown(name: str, steps: Collection[str], limits: Collection[str]) -> ParameterError:
    known = ["records", "workers", "start", "restart", *limits, *steps]
    close = difflib.get_close_matches(name, known, n=1)
    return ParameterError(
        f"nothing can be supposed of {name!r}",
        hint=f"did you mean {close[0]!r}?" if close else f"it may be: {', '.join(known)}",
    )


def _times(pair: str, value: str) -> float:
    try:
        times = float(value.removesuffix("x"))
    except ValueError:
        times = 0.0
    if not 0 < times <= _TIMES_MOST:
        raise ParameterError(f"expected a number of times like 2x in {pair!r}", hint=_EXAMPLE)
    return times


def _whole(pair: str, value: str) -> int:
    digits = value.replace("_", "")
    if not digits.isdecimal() or not 1 <= int(digits) <= _WHOLE_MOST:
        raise ParameterError(
            f"expected a whole number from 1 to {_WHOLE_MOST:.0e} in {pair!r}", hint=_EXAMPLE
        )
    return int(digits)


def _seconds(pair: str, value: str) -> float:
    if value == "0":
        return 0.0
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?(s|m|min|h)", value)
    seconds = float(match[1]) * _UNITS[match[2]] if match else inf
    if seconds > _SECONDS_MOST:
        raise ParameterError(
            f"expected a time like 90s, 10m or 1h, of a year at most, in {pair!r}", hint=_EXAMPLE
        )
    return seconds


def _clock(pair: str, value: str) -> time:
    try:
        return datetime.strptime(value, "%H:%M").time()  # noqa: DTZ007 - local to the window's zone
    except ValueError:
        raise ParameterError(
            f"expected a time of day like 01:30 in {pair!r}", hint=_EXAMPLE
        ) from None
