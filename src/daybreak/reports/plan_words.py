"""A plan in sentences, for the terminal and the page alike; and as data."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from math import isinf
from typing import Any, Final
from zoneinfo import ZoneInfo

from ..forecast.night import Night
from ..operations.plan import Plan
from .payload import plain
from .secrets import Mask
from .wording import records, span

GAIN_S_LEAST: Final = 1.0
_CERTAIN: Final = 0.995


def clock(plan: Plan, at: datetime) -> str:
    """Write an instant as the window's clock shows it."""
    return f"{_local(plan, at):%H:%M}"


def clock_at(plan: Plan, seconds: float) -> str:
    """Write the instant so many seconds after the start."""
    return clock(plan, plan.at(seconds))


def _local(plan: Plan, at: datetime) -> datetime:
    return at.astimezone(ZoneInfo(plan.zone) if plan.zone else None)


def chance(probability: float | None) -> str:
    """Write a probability, without ever calling it certain."""
    if probability is None:
        return ""
    if probability >= _CERTAIN:
        return "over 99 %"
    return "under 1 %" if probability < 1 - _CERTAIN else f"{probability:.0%}".replace("%", " %")


def share(part: float) -> str:
    """Write in which share of the drawn nights something was so."""
    return f"{part:.0%}".replace("%", " %")


def title(plan: Plan) -> str:
    """Say which night is planned, and by what."""
    count = plan.nights_known
    known = "1 past night" if count == 1 else f"{count or 'no'} past nights"
    window = f", window {plan.window}" if plan.window else ""
    return (
        f"{plan.job}, night of {plan.night}{window}, starts {clock(plan, plan.start_at)}, {known}"
    )


def verdict(plan: Plan) -> str:
    """Say in one sentence whether the night will end in time."""
    timing = plan.timing
    if plan.window_end_at is None:
        end = timing.usual.end_s
        return f"takes {span(end.p50)}, in 9 of 10 nights at most {span(end.p90)}; it has no window"
    end_at = clock(plan, plan.window_end_at)
    worst = chance(timing.worst_in_time)
    return (
        f"done by {end_at}: {chance(timing.usual.in_time)}; if {timing.worst} fails at its worst"
        f" moment: {worst}"
    )


def is_fine(plan: Plan) -> bool | None:
    """Say whether it has the wanted probability: with the worst failure too, or at least without.

    Returns:
        None if it has it only as long as nothing goes worse than usual.
    """
    timing = plan.timing
    if timing.usual.in_time is None or timing.worst_in_time is None:
        return True
    if timing.worst_in_time >= timing.wanted:
        return True
    return None if timing.usual.in_time >= timing.wanted else False


def ends(plan: Plan) -> list[tuple[str, Night]]:
    """Return what was looked at, each with how it ends."""
    timing = plan.timing
    return [
        ("nothing fails", timing.clean),
        ("steps fail as often as they did", timing.usual),
        (f"{timing.worst} fails at its worst moment", timing.step(timing.worst).failing),
    ]


def facts(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield what the operator wants to know, each with its name."""
    if plan.records is not None:
        most = f", in 1 of 10 nights more than {plan.records_most or 0:,}"
        yield "records", f"{records(plan.records)} in the largest step{most}"
    yield from _moments(plan)
    timing = plan.timing
    impact = next(step.impact for step in plan.steps if step.name == timing.worst)
    yield "hurts most", f"a failure of {timing.worst}" + (f": {impact}" if impact else "")
    path = " → ".join(timing.path)
    yield "critical path", f"{path} (in {share(timing.path_share)} of nights)"
    yield from _gains(plan)
    yield from _breaking(plan)


def _moments(plan: Plan) -> Iterator[tuple[str, str]]:
    timing = plan.timing
    if timing.latest_start_s is None or timing.latest_start_failing_s is None:
        return
    surely = chance(timing.wanted)
    yield (
        "latest start",
        (
            f"{clock_at(plan, timing.latest_start_s)} to be done with {surely};"
            f" {clock_at(plan, timing.latest_start_failing_s)} with the worst failure"
        ),
    )
    until = timing.no_return_s
    assert until is not None
    if isinf(until):
        said = "none: any one failure can be repaired in the window, whenever it happens"
    elif until <= 0:
        said = f"the start: already then not every failure can be repaired with {surely}"
    else:
        said = (
            f"{clock_at(plan, until)}: what fails until then can be repaired in the window with"
            f" {surely}"
        )
    yield "point of no return", said


def _gains(plan: Plan) -> Iterator[tuple[str, str]]:
    best = [gain for gain in plan.timing.gains if gain.saved_s >= GAIN_S_LEAST][:2]
    if best:
        text = "; ".join(f"half of {g.name} saves {span(g.saved_s)} of the P90" for g in best)
        yield "speed up first", text


def _breaking(plan: Plan) -> Iterator[tuple[str, str]]:
    found = plan.breaking
    if found is None:
        return
    wanted = chance(plan.timing.wanted)
    if found.volume_times is None:
        size = f"records alone do not bring it below {wanted}"
    else:
        count = f"{found.volume:,} records" if found.volume else "records"
        size = f"with {count}, {found.volume_times:.1f} times this night's"
        if found.volume_times < 1:
            size = f"this night; with {found.volume_times:.2f} times its records it would hold"
    yield "window breaks", size
    if plan.nights_known > 1:
        grows = found.growth_a_month
        rate = "" if grows is None else f"records grow by {grows:.1%} a month: ".replace("%", " %")
        on = f"the week of {found.on}" if found.on else f"not before {found.looked_until}"
        far = "" if found.on else ", no farther can be seen from so short a past"
        yield "on what date", f"{rate}{on}{far}"


def plan_payload(plan: Plan, mask: Mask) -> dict[str, Any]:
    """Return all of it as JSON data; times are instants, spans are seconds."""
    timing = plan.timing

    def night(one: Night) -> dict[str, Any]:
        return {
            "in_time": one.in_time,
            **{
                f"{name}_at": plan.at(getattr(one.end_s, name)).isoformat()
                for name in ("p50", "p90", "p95")
            },
        }

    def at(seconds: float | None) -> str | None:
        return None if seconds is None or isinf(seconds) else plan.at(seconds).isoformat()

    return {
        "event": "plan",
        "job": plan.job,
        "night": plan.night.isoformat(),
        "window": plan.window,
        "window_end_at": None if plan.window_end_at is None else plan.window_end_at.isoformat(),
        "start_at": plan.start_at.isoformat(),
        "supposed": plan.supposed,
        "nights_known": plan.nights_known,
        "nights_drawn": timing.nights,
        "wanted": timing.wanted,
        "restart_s": timing.restart_s,
        "records": plan.records,
        "records_p90": plan.records_most,
        "nothing_fails": night(timing.clean),
        "as_usual": night(timing.usual),
        "worst": {"step": timing.worst, **night(timing.step(timing.worst).failing)},
        "latest_start_at": at(timing.latest_start_s),
        "latest_start_with_worst_failure_at": at(timing.latest_start_failing_s),
        "point_of_no_return_at": at(timing.no_return_s),
        "always_repairable": timing.no_return_s is not None and isinf(timing.no_return_s),
        "critical_path": list(timing.path),
        "critical_path_share": timing.path_share,
        "speed_up_first": plain(timing.gains, mask),
        "breaking": plain(plan.breaking, mask),
        "advice": plain(plan.advice, mask),
        "notes": list(plan.notes),
        "steps": [
            {
                "step": step.name,
                "known_from": plan.sources[step.name],
                "begin_at": plan.at(step.begin_s.p50).isoformat(),
                "end_at": plan.at(step.end_s.p50).isoformat(),
                "end_p90_at": plan.at(step.end_s.p90).isoformat(),
                "seconds": plain(step.seconds, mask),
                "criticality": step.criticality,
                "critical_s": step.critical_s,
                "lost_s": step.lost_s,
                "if_it_fails": night(step.failing),
                "worst_moment_at": plan.at(step.fails_at_s).isoformat(),
            }
            for step in timing.steps
        ],
    }
