"""How a plan writes instants: as the window's clock shows them, and so that none is ambiguous."""

from __future__ import annotations

from datetime import datetime
from math import ceil
from typing import Final
from zoneinfo import ZoneInfo

from ..operations.plan import Plan

_BRIEF_S: Final = 600.0
"""A plan that is over sooner is written with seconds."""

_DAY_FROM_S: Final = 12 * 3600.0
"""So far from the start an instant of another day has its day behind it."""

TICKS_MOST: Final = 8
_DAY_S: Final = 86_400
_TICK_S: Final = (
    *(1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14_400, 28_800),
    *(_DAY_S, 2 * _DAY_S, 7 * _DAY_S, 30 * _DAY_S, 90 * _DAY_S, 365 * _DAY_S),
)


def clock(plan: Plan, at: datetime) -> str:
    """Write an instant: `04:14`, `07:31 +1 d` on another day, `02:04 CET` in an hour that repeats.

    Days are counted from that of the start.
    """
    local = _local(plan, at)
    parts = [_time_of_day(plan, local)]
    if local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset():
        parts.append(f"{local:%Z}")
    days = _days_from_start(plan, local)
    if days and abs((at - plan.start_at).total_seconds()) >= _DAY_FROM_S:
        parts.append(f"{days:+,} d")
    return " ".join(parts)


def clock_at(plan: Plan, seconds: float) -> str:
    """Write the instant so many seconds after the start."""
    return clock(plan, plan.at(seconds))


def start_text(plan: Plan) -> str:
    """Write when it starts, with its date if that is not the night's."""
    local = _local(plan, plan.start_at)
    shown = clock(plan, plan.start_at)
    return shown if local.date() == plan.night else f"{local.date()} {shown}"


def ticks(plan: Plan, most: float, count: int = TICKS_MOST) -> list[tuple[float, str]]:
    """Return seconds after the start at round times of day, a handful, each with its label.

    Args:
        plan: The plan.
        most: Up to so many seconds.
        count: So many at most, and one more.
    """
    longest = _TICK_S[-1]
    step_s = next((one for one in _TICK_S if most / one <= count), None)
    if step_s is None:
        step_s = longest * ceil(most / (longest * count))
    start = _local(plan, plan.start_at)
    since_midnight = start.hour * 3600 + start.minute * 60 + start.second + start.microsecond / 1e6
    first = -since_midnight % min(step_s, _DAY_S)
    seconds = [first + step_s * number for number in range(int((most - first) // step_s) + 1)]
    return [(one, _tick_label(plan, one, step_s)) for one in seconds]


def _tick_label(plan: Plan, seconds: float, step_s: float) -> str:
    local = _local(plan, plan.at(seconds))
    days = _days_from_start(plan, local)
    is_midnight = (local.hour, local.minute) == (0, 0)
    if days and (step_s >= _DAY_S or (is_midnight and seconds >= _DAY_FROM_S)):
        return f"{days:+,} d"
    return _time_of_day(plan, local)


def _time_of_day(plan: Plan, local: datetime) -> str:
    return f"{local:%H:%M:%S}" if _is_brief(plan) else f"{local:%H:%M}"


def _days_from_start(plan: Plan, local: datetime) -> int:
    return (local.date() - _local(plan, plan.start_at).date()).days


def _is_brief(plan: Plan) -> bool:
    """Say whether all of it is over in minutes."""
    return max(plan.timing.clean.end_s.p95, plan.timing.window_s or 0.0) < _BRIEF_S


def _local(plan: Plan, at: datetime) -> datetime:
    return at.astimezone(ZoneInfo(plan.zone) if plan.zone else None)
