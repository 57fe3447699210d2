"""A forecast as people and programs read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TextIO

from ..forecast import Forecast
from ..operations.forecast import ROOM, StepForecast
from .curve import Curves, picture
from .dangers import danger_line, danger_parts
from .look import law_text
from .payload import plain
from .secrets import Mask
from .tables import hanging, plain_table, titled
from .wording import records, size, span

if TYPE_CHECKING:
    from rich.console import RenderableType

AHEAD: Final = (1, 2, 4, 10)
"""For how many times the records asked for a forecast is shown."""

REASONS_SHOWN_MAX: Final = 3
LAWS_SHOWN_MAX: Final = 4
NOT_KNOWN: Final = "not known"
WIDE: Final = 1_000.0
"""An interval whose ends are further apart says nothing."""

_NEAR: Final = 10.0
"""A limit that is further away than so many times would make a picture of nothing else."""

BYTES_SHOWN_MAX: Final = 10**15
_FINE_S: Final = 0.95
YEARS_SHOWN_MAX: Final = 10
YEAR_S: Final = 365.25 * 86_400
_COLOURS: Final = {"A": "green", "B": "yellow", "C": "red"}


def forecast_payload(found: StepForecast, mask: Mask) -> dict[str, Any]:
    """Return all of it as JSON data."""
    return {
        "event": "forecast",
        "job": found.job,
        "step": found.step,
        "records": found.records,
        "time": _quantity_payload(found.time, found.records, None),
        "memory": None
        if found.memory is None
        else _quantity_payload(found.memory, found.records, float(found.memory_bytes)),
        "samples": plain(found.samples, mask),
        "runs": plain(found.runs, mask),
        "parallel": found.parallel,
        "window": found.window,
        "window_s": found.window_s,
        "memory_bytes": found.memory_bytes,
        "ends": plain(found.ends, mask),
        "caveats": plain(found.caveats, mask),
        "dangers": plain(found.dangers, mask),
    }


def _quantity_payload(forecast: Forecast, asked: int, limit: float | None) -> dict[str, Any]:
    def at(number: int) -> dict[str, Any]:
        low, high = forecast.interval(number)
        return {
            "records": number,
            "likely": forecast.predict(number),
            "interval": [low, high],
            "safe_bound": forecast.safe_bound(number),
            "grade": forecast.grade(number, limit=limit),
            "reasons": list(forecast.reasons(number, limit=limit)),
            "next_size": forecast.next_size(number, limit=limit),
        }

    return {
        "unit": forecast.unit,
        "law": str(forecast.law),
        "laws": [str(law) for law in forecast.laws],
        "super_linear": forecast.super_linear,
        "points": [
            list(pair) for pair in zip(forecast.points.sizes, forecast.points.amounts, strict=True)
        ],
        "at": [at(asked * times) for times in AHEAD],
    }


def forecast_parts(found: StepForecast, stream: TextIO) -> list[RenderableType]:
    """Return it as parts to print one below the other."""
    parts: list[RenderableType] = []
    parts += _quantity(found, found.time, "time", stream)
    if found.memory is not None:
        parts += _quantity(found, found.memory, "memory", stream)
    if found.dangers:
        parts += [*danger_parts(found.dangers, len(found.samples)), ""]
    parts += [hanging("note:", caveat, "bright_black") for caveat in found.caveats]
    style = "green" if found.time.grade(found.records) == "A" else "yellow"
    return [*parts, "", *(hanging("-", line, style) for line in verdict(found))]


def _quantity(
    found: StepForecast, forecast: Forecast, name: str, stream: TextIO
) -> Iterator[RenderableType]:
    from rich.text import Text  # noqa: PLC0415 - heavy

    limit = float(found.memory_bytes) if forecast.unit == "bytes" else None
    law = law_text(growth(forecast), stream)
    yield Text(f"{name} of {found.step}: {law}", style="bold")
    yield ""
    if name == "time":
        yield picture(curves_of(found), span_fine, stream)
        yield ""
    reasons = law_text(why(forecast, found.records, limit), stream)
    yield titled("", _table(found, forecast), reasons)
    yield ""


def growth(forecast: Forecast) -> str:
    """Say by which law it grows, and which others are not excluded."""
    others = [str(law) for law in forecast.laws[1:]]
    more = len(others) - LAWS_SHOWN_MAX
    shown = others if more <= 1 else [*others[:LAWS_SHOWN_MAX], f"{more} more"]
    also = f" ({', '.join(shown)} cannot be excluded)" if others else ""
    alarm = {
        "yes": "; it is super-linear",
        "cannot be excluded": "; super-linear growth cannot be excluded",
        "no": "",
    }[forecast.super_linear]
    how = "stays the same" if str(forecast.law) == "constant" else f"grows like {forecast.law}"
    return how + also + alarm


def why(forecast: Forecast, asked: int, limit: float | None) -> str:
    """Say why the grade is no better, the strongest reasons first; nothing for grade A."""
    reasons = forecast.reasons(asked, limit=limit)[:REASONS_SHOWN_MAX]
    grade = forecast.grade(asked, limit=limit)
    return f"grade {grade} for {records(asked)}: {'; '.join(reasons)}" if reasons else ""


def _table(found: StepForecast, forecast: Forecast) -> Any:
    from rich.text import Text  # noqa: PLC0415 - heavy

    limit = float(found.memory_bytes) if forecast.unit == "bytes" else None
    write = span_fine if forecast.unit == "seconds" else bytes_fine
    table = plain_table()
    table.add_column("records", justify="right")
    for name in ("likely", "9 of 10 times", "safe bound"):
        table.add_column(name, justify="right")
    table.add_column("grade", justify="center")
    for times in AHEAD:
        number = found.records * times
        low, high = forecast.interval(number)
        grade = forecast.grade(number, limit=limit)
        table.add_row(
            f"{number:,}",
            write(forecast.predict(number)),
            interval_text(low, high, write),
            write(forecast.safe_bound(number)),
            Text(grade, style=_COLOURS[grade]),
        )
    return table


def curves_of(found: StepForecast) -> Curves:
    """Return the time of a step as curves to draw."""
    return _curves(found.time, found.records, found.window_s)


def memory_curves_of(found: StepForecast, memory: Forecast) -> Curves:
    """Return the memory of a step as curves to draw, with the machine's if that comes near."""
    curves = _curves(memory, found.records, None)
    limit = ROOM * found.memory_bytes
    is_near = curves.safe(curves.sizes[-1]) > limit / _NEAR
    return replace(curves, limit=limit) if is_near else curves


def _curves(forecast: Forecast, asked: int, limit: float | None) -> Curves:
    return Curves(
        points=list(zip(forecast.points.sizes, forecast.points.amounts, strict=True)),
        middle=forecast.predict,
        low=lambda size: forecast.interval(size)[0],
        high=lambda size: forecast.interval(size)[1],
        safe=forecast.safe_bound,
        asked=asked,
        limit=limit,
    )


def verdict(found: StepForecast) -> list[str]:
    """Say in a few sentences what the forecast comes to."""
    time, asked = found.time, found.records
    low, high = time.interval(asked)
    grade = time.grade(asked)
    interval = interval_text(low, high, span_fine)
    interval = f"9 of 10 times: {interval}" if interval == NOT_KNOWN else interval
    safe = time.safe_bound(asked)
    hardly = "the safe bound is" if _is_absurd(safe) else "hardly more than"
    first = (
        f"{records(asked)} take about {span_fine(time.predict(asked))}"
        f" ({interval}; {hardly} {span_fine(safe)}): grade {grade}"
    )
    lines = [first]
    if (further := time.next_size(asked)) is not None:
        lines.append(_next_size(found, further))
    lines += list(_ends(found))
    lines += [danger_line(one) for one in found.dangers]
    return lines


def _next_size(found: StepForecast, further: int) -> str:
    """Say what to measure next, and how; or that there is no more to measure."""
    if not found.samples:
        return f"to know better, measure {records(further)} next: --basis both lets it rehearse"
    source = found.samples[-1].source_records
    largest = max(sample.records for sample in found.samples)
    if source is not None and source <= largest:
        return (
            f"its source holds no more than {records(source)}: to know better, wait until it has"
            f" {further:,}, or forecast over a larger one"
        )
    how = "a larger --budget-s" if found.sample_most is None else "a larger --sample"
    if further <= largest:
        return f"to know better, measure {records(further)} too, or more than {largest:,}: {how}"
    return f"to know better, measure {records(further)} next: {how}"


def _ends(found: StepForecast) -> Iterator[str]:
    if found.window is not None and found.window_s is not None:
        if found.ends.window is None:
            yield f"no number of records makes it pass its window ({found.window})"
        elif found.ends.window <= found.records:
            yield (
                f"it may not fit its window ({found.window}, {span(found.window_s)}): the safe"
                f" bound passes it from {records(_rough(found.ends.window))} on"
            )
        else:
            yield (
                f"it fits its window ({found.window}, {span(found.window_s)}) up to"
                f" {records(_rough(found.ends.window))}"
            )
    if found.memory is not None and found.ends.memory is not None:
        yield (
            f"it passes {ROOM:.0%} of the machine's memory ({size(found.memory_bytes)}) from"
            f" {records(_rough(found.ends.memory))} on"
        )


def _rough(number: int) -> int:
    """Return a number with the three digits that count, rounded to the safe side."""
    unit: int = 10 ** max(len(str(number)) - 3, 0)
    return number // unit * unit


def interval_text(low: float, high: float, write: Callable[[float], str]) -> str:
    """Write between which amounts something lies; `not known` where that would say nothing."""
    return f"{write(low)} to {write(high)}" if says_something(low, high) else NOT_KNOWN


def says_something(low: float, high: float) -> bool:
    """Say whether the ends of an interval are so near each other that it is worth telling."""
    return high <= WIDE * low


def _is_absurd(seconds: float) -> bool:
    return seconds > YEARS_SHOWN_MAX * YEAR_S


def span_fine(seconds: float) -> str:
    """Write a span of time of any length: short ones in milliseconds, absurd ones in years."""
    if _is_absurd(seconds):
        return f"over {YEARS_SHOWN_MAX} years"
    return span(seconds) if seconds >= _FINE_S else f"{seconds * 1000:.3g} ms"


def bytes_fine(amount: float) -> str:
    """Write a number of bytes; absurd ones as more than there are."""
    return f"over {size(BYTES_SHOWN_MAX)}" if amount > BYTES_SHOWN_MAX else size(round(amount))
