"""Why a step scales as it does, and what its target would suffer: sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..forecast.scaling_laws import Setting
from ..operations.tune import Measured, Tuning
from .forecast import span_fine
from .wording import records, span

LONG_TRANSACTION_S: Final = 2.0
"""Whoever wants the same rows notices a transaction that is longer."""

LOCKED_MAX: Final = 0.25
"""Share of the workers that may wait for each other's locks before it is said."""

SERIAL_SHOWN_MIN: Final = 0.05
GAIN_MIN: Final = 1.1
"""More workers help if they are at least so many times as fast."""

_WAITED_MIN: Final = 0.1
"""Share of the workers that must wait for something for it to be the reason."""

_ONE_PROCESSOR: Final = 0.85
"""What a process uses of one processor if its functions leave no time for each other."""


_ALL_PROCESSORS: Final = 0.9
"""Share of the machine's processors that leaves no room for more work."""


def reasons(found: Tuning) -> Iterator[str]:
    """Say what the law behind the recommendation is, and what the workers wait for."""
    chunk = found.recommended.chunk
    numbers = sorted({one.parallel for one in found.settings if one.chunk == chunk})
    if len(numbers) > 1:
        yield from _of_workers(found, chunk, numbers)
    if found.scaling.chunk_s > 0:
        yield f"each chunk costs about {span_fine(found.scaling.chunk_s)} besides its records"


def _of_workers(found: Tuning, chunk: int, numbers: list[int]) -> Iterator[str]:
    enough, most = _enough(found, chunk, numbers), numbers[-1]
    times = found.seconds(Setting(numbers[0], chunk)) / found.seconds(Setting(enough, chunk))
    serial = found.scaling.serial(Setting(most, chunk))
    if enough < most:
        why = waited_for(found)
        they = f"they wait for {why}" if why else "they hardly help"
        share = f": {serial:.0%} of the work is serial" if serial >= SERIAL_SHOWN_MIN else ""
        yield f"beyond {_workers(enough)} {they}{share}"
    if enough > numbers[0]:
        yield f"{_workers(enough)} are {times:.1f} times as fast as {_workers(numbers[0])}"
    slower = found.seconds(Setting(most, chunk)) / found.seconds(Setting(enough, chunk))
    if slower >= GAIN_MIN:
        yield f"{_workers(most)} are {slower:.1f} times as slow as {_workers(enough)}"


def _workers(number: int) -> str:
    return "1 worker" if number == 1 else f"{number} workers"


def _enough(found: Tuning, chunk: int, numbers: list[int]) -> int:
    """Return the number of workers beyond which more of them hardly help."""
    least_s = min(found.seconds(Setting(number, chunk)) for number in numbers)
    return min(
        number for number in numbers if found.seconds(Setting(number, chunk)) <= GAIN_MIN * least_s
    )


def waited_for(found: Tuning) -> str | None:
    """Say what workers of the largest crew that was measured wait for; None if it is not known."""
    crew = max(
        found.measured, key=lambda one: (one.setting.parallel, one.setting == found.recommended)
    )
    workers = crew.setting.parallel
    most = next(iter(crew.sample.waits), None)
    used = (crew.sample.processor_s or 0.0) / max(crew.sample.seconds, 1e-9)
    if most is not None and most.workers >= _WAITED_MIN * workers and used < _ONE_PROCESSOR:
        return f"{most.what} ({most.workers / workers:.0%} of their time)"
    if workers > 1 and used >= _ONE_PROCESSOR:
        return (
            f"Python, which runs one of them at a time (its process used {used:.0%} of a processor;"
            ' a function with on="process" has one of its own)'
        )
    busy = crew.sample.machine_busy or 0.0
    if workers > 1 and busy >= _ALL_PROCESSORS:
        return f"the processors of this machine, of which {busy:.0%} were busy"
    return None


def cautions(found: Tuning) -> Iterator[str]:
    """Say what whoever else uses the step's database would suffer from the recommended setting."""
    one = found.nearest
    where = (
        "with it"
        if one.setting == found.recommended
        else f"with parallel={one.setting.parallel} and chunk={one.setting.chunk:,}"
    )
    if one.transaction_s_max > LONG_TRANSACTION_S:
        yield (
            f"{where} a transaction lasts up to {span(one.transaction_s_max)} (caution from"
            f" {span(LONG_TRANSACTION_S)}): whoever wants the same rows waits as long;"
            " smaller chunks are gentler"
        )
    if one.locked > LOCKED_MAX:
        what = next(wait.what for wait in one.sample.waits if wait.is_lock)
        yield (
            f"{where} {one.locked:.0%} of the workers' time is waiting for locks, most for {what}"
            f" (caution from {LOCKED_MAX:.0%}): so would others; fewer workers are gentler"
        )


def verdict(found: Tuning) -> str:
    """Say what to do, in one line."""
    one, now = found.recommended, found.now
    if found.adapting:
        before = f"now {' and '.join(f'{knob}=auto' for knob in found.adapting)}"
    else:
        before = (
            f"now, with parallel={now.parallel} and chunk={now.chunk:,}, in"
            f" {span_fine(found.seconds(now))}"
        )
    took = (
        f"parallel={one.parallel}, chunk={one.chunk}: {records(found.records)} in about"
        f" {span_fine(found.seconds(one))} ({before})"
    )
    if found.window_s is None or found.is_in_time is None:
        return f"{took}; nothing that can be chosen is faster"
    window = f"its window ({found.window}, {span(found.window_s)})"
    if found.is_in_time:
        sure = found.scaling.probability(one, found.records, found.window_s)
        return f"{took}; it ends in {window}: {_percent(sure)} sure"
    return f"{took}; the fastest, and yet it may not end in {window}"


def _percent(share: float) -> str:
    return "over 99 %" if share > 0.99 else f"{share:.0%}"  # noqa: PLR2004 - no more is known


def waiting_words(one: Measured) -> str:
    """Say what the workers of one measurement waited for, most first."""
    shown = [
        f"{wait.what} {wait.workers / one.setting.parallel:.0%}"
        for wait in one.sample.waits
        if wait.workers >= _WAITED_MIN * one.setting.parallel
    ]
    return ", ".join(shown)
