"""A plan in sentences, for the terminal and the page alike; and as data."""

from __future__ import annotations

from collections.abc import Iterator
from math import isinf
from typing import Any, Final

from ..forecast.growth import Breaking
from ..forecast.night import Night
from ..operations.plan import Plan
from .payload import plain
from .plan_clock import clock, clock_at, start_text
from .secrets import Mask
from .wording import records, span

GAIN_S_LEAST: Final = 1.0
_CERTAIN: Final = 0.995


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


def wanted(plan: Plan) -> str:
    """Write the wanted probability as it was given: `95 %`, `99.95 %`."""
    return f"{100 * plan.timing.wanted:.8g} %"


def title(plan: Plan) -> str:
    """Say which night is planned, and by what."""
    count = plan.runs_known
    known = "1 past run" if count == 1 else f"{count or 'no'} past runs"
    window = f", window {plan.window}" if plan.window else ""
    return f"{plan.job}, night of {plan.night}{window}, starts {start_text(plan)}, {known}"


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
    yield (
        "latest start",
        (
            f"{_start_by(plan, timing.latest_start_s)} to be done with {wanted(plan)};"
            f" {_start_by(plan, timing.latest_start_failing_s)} with the worst failure"
        ),
    )
    until = timing.no_return_s
    assert until is not None
    if isinf(until):
        said = (
            "none: any one failure, whenever it happens, can be repaired in the window with"
            f" {wanted(plan)}"
        )
    elif until <= 0:
        said = (
            "the start: already then not every failure can be repaired in the window with"
            f" {wanted(plan)}"
        )
    else:
        said = (
            f"{clock_at(plan, until)}: what fails until then can be repaired in the window with"
            f" {wanted(plan)}"
        )
    yield "point of no return", said


def _start_by(plan: Plan, seconds: float) -> str:
    """Write a latest start; one that lies before the planned start is told as such."""
    early = "" if seconds >= 0 else f", {span(-seconds)} before this start,"
    return f"{clock_at(plan, seconds)}{early}"


def _gains(plan: Plan) -> Iterator[tuple[str, str]]:
    best = [gain for gain in plan.timing.gains if gain.saved_s >= GAIN_S_LEAST][:2]
    if best:
        text = "; ".join(f"half of {g.name} saves {span(g.saved_s)} of the P90" for g in best)
        yield "speed up first", text


def _breaking(plan: Plan) -> Iterator[tuple[str, str]]:
    found = plan.breaking
    if found is None:
        return
    yield "window breaks", _breaking_size(plan, found)
    is_broken = found.volume_times is not None and found.volume_times < 1
    if plan.runs_known > 1 and not is_broken:
        yield "on what date", _breaking_date(found)


def _breaking_size(plan: Plan, found: Breaking) -> str:
    times = found.volume_times
    if times is None:
        return f"records alone do not bring it below {wanted(plan)}"
    if times == 0.0:
        return "this night, however few records there are"
    if times < 1:
        return f"this night; with {times:.2g} times its records it would hold"
    if not found.volume:
        return f"with {times:.1f} times this night's records"
    return f"with {records(found.volume)}, {times:.1f} times this night's"


def _breaking_date(found: Breaking) -> str:
    if not found.days_ahead:
        return "the past is too short to say: it spans less than three days"
    rate = ""
    if found.growth_a_month is not None:
        doubt = f", give or take {found.growth_doubt:.1%}" if found.growth_doubt else ""
        rate = f"records grow by {found.growth_a_month:.1%} a month{doubt}: ".replace("%", " %")
    if found.on:
        return f"{rate}the week of {found.on}"
    return f"{rate}not before {found.looked_until}, no farther can be seen from so short a past"


def known_from(plan: Plan) -> str:
    """Say in one line from where the steps' seconds are known."""
    by_source: dict[str, list[str]] = {}
    for step in plan.steps:
        by_source.setdefault(plan.sources[step.name], []).append(step.name)
    if len(by_source) == 1:
        return f"{next(iter(by_source))}, every step"
    return "; ".join(f"{source}: {', '.join(names)}" for source, names in by_source.items())


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
        "runs_known": plan.runs_known,
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
