"""The plan of a night: whether the job will end in its window, and what decides that.

The mathematics is `forecast.night`; here it is fed from the ledger and the job, and gets dates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final

import numpy as np

from ..abc import Clock
from ..forecast.draws import Draws, Wish, drawn
from ..forecast.failing import Resuming, as_usual
from ..forecast.growth import Breaking, breaking
from ..forecast.net import Net, attempt, net_of
from ..forecast.night import WANTED, NightPlan, Question, planned
from ..forecast.past import Past
from ..model.job import Job, Step, StepKind
from ..model.night import Window
from .inspect import reading
from .load import LoadedJob
from .naming import urls_of
from .places import is_missing_file, ledger_url
from .plan_advice import Advice, advice_of
from .plan_basis import Basis, basis_of
from .plan_known import Known, Unfinished, known_of, unfinished_run
from .settings import Settings, named_databases, night_of
from .what_if import WhatIf

NIGHTS: Final = 10_000
SEED: Final = 0
_FAR_S: Final = 1_000 * 365 * 86_400.0


@dataclass(frozen=True)
class Plan:
    """The plan of one night of a job."""

    job: str
    night: date
    window: str | None
    start_at: datetime
    """When it starts, in UTC; times of `timing` count from it."""

    window_end_at: datetime | None
    zone: str | None
    """The window's; None for the reader's."""

    runs_known: int
    timing: NightPlan
    records: int | None
    """The median of what the largest step will read."""

    records_most: int | None
    """Its P90."""

    breaking: Breaking | None
    """None without a window, and for the rest of a run."""

    steps: Sequence[Step[Any]]
    sources: Mapping[str, str]
    """By step, from where its seconds are known."""

    advice: Sequence[Advice]
    notes: Sequence[str]
    supposed: str
    """What was supposed, as typed."""

    is_critical: bool

    def at(self, seconds: float) -> datetime:
        """Return the instant so many seconds after the start, a thousand years away at most."""
        near_s = min(max(seconds, -_FAR_S), _FAR_S)
        return self.start_at + timedelta(seconds=near_s)


def plan_of(
    loaded: LoadedJob,
    settings: Settings,
    clock: Clock,
    *,
    file: str,
    what_if: WhatIf,
    supposed: str = "",
    nights: int = NIGHTS,
    seed: int = SEED,
) -> Plan:
    """Plan the night that a run would have that starts now, or the one that is named.

    If the command would go on with a run, what that has done already is not planned again.

    Args:
        loaded: The job.
        settings: Which night, which databases, which ledger.
        clock: Says which night it is, and whether its window is open.
        file: The job's file as typed.
        what_if: What is to be supposed.
        supposed: The same as typed.
        nights: How many nights are drawn.
        seed: Of the draws: the same gives the same plan.

    Raises:
        PreflightError: If nothing is known of a step; the hint says what to run.
        ParameterError: If a step could never begin under what is supposed.
    """
    url = ledger_url(settings.ledger, loaded.path)
    databases = urls_of(named_databases(loaded, settings))
    known = Known()
    if not is_missing_file(url):
        with reading(url) as store:
            going_on = unfinished_run(store, loaded, settings, clock)
            known = known_of(store, loaded.job, databases, going_on)
    return plan_from(
        loaded.job,
        known,
        night=night_of(loaded.job, settings, clock),
        now=clock.now(),
        file=file,
        what_if=what_if,
        supposed=supposed,
        nights=nights,
        seed=seed,
    )


def plan_from(
    job: Job,
    known: Known,
    *,
    night: date | None,
    now: datetime,
    file: str,
    what_if: WhatIf,
    supposed: str = "",
    nights: int = NIGHTS,
    seed: int = SEED,
    starts_now: bool = False,
) -> Plan:
    """Plan a night from what a ledger knows; see `plan_of`.

    Args:
        job: The job.
        known: What the ledger knows.
        night: The planned one; None for a job without nights.
        now: The instant.
        file: The job's file as typed.
        what_if: What is to be supposed.
        supposed: The same as typed.
        nights: How many nights are drawn.
        seed: Of the draws.
        starts_now: Whether it starts at this instant, whatever the window.
    """
    window = job.window
    date_of = night or (window.night_at(now) if window else now.astimezone().date())
    start, end = _times(window, date_of, now, what_if, starts_now=starts_now)
    going_on = known.unfinished or Unfinished(0)
    steps = [step for step in job.steps if step.name not in going_on.done]
    basis = basis_of(
        job,
        file,
        steps,
        history=known.history,
        forecasts=known.forecasts,
        begun=going_on.guesses,
        what_if=what_if,
        tonight=date_of,
    )
    names = [step.name for step in steps]
    net = _net(steps, job, known, what_if)
    question = Question(
        Resuming(net, tuple(step.kind is StepKind.STEP for step in steps), what_if.restart_s),
        window_s=None if end is None else (end - start).total_seconds(),
        wanted=job.critical or WANTED,
    )
    wish = _wish(basis.past, names, date_of, left=going_on.left, what_if=what_if, seed=seed)
    chance = np.random.default_rng(seed)
    draws = drawn(basis.past, names, wish, nights, chance)
    timing = planned(question, draws, chance)
    return Plan(
        job=job.name,
        night=date_of,
        window=None if window is None else str(window),
        start_at=start,
        window_end_at=end,
        zone=None if window is None else window.zone.key,
        runs_known=basis.past.nights,
        timing=timing,
        records=_quantile(draws, 0.5),
        records_most=_quantile(draws, 0.9),
        # From what is left of one run nothing follows for whole nights.
        breaking=None if known.unfinished else _breaking(basis, names, wish, question, seed),
        steps=steps,
        sources=basis.sources,
        advice=advice_of(steps, timing),
        notes=[
            *([] if known.unfinished is None else [str(known.unfinished)]),
            *_notes_on_time(start, end, now),
            *basis.notes,
        ],
        supposed=supposed,
        is_critical=job.critical is not None,
    )


def _notes_on_time(start: datetime, end: datetime | None, now: datetime) -> Iterator[str]:
    if end is None:
        return
    if end <= now:
        yield "the window of this night is over"
    elif start >= end:
        yield "it starts only when its window is over"


def _times(
    window: Window | None, night: date, now: datetime, what_if: WhatIf, *, starts_now: bool
) -> tuple[datetime, datetime | None]:
    """Return when the run starts, and when the window ends."""
    if window is None:
        return _next(now, what_if.start), None
    begin, end = window.span_of(night)
    start = now if starts_now or begin <= now < end else begin
    if what_if.start is not None:
        days = (night + timedelta(days=day) for day in (-1, 0, 1))
        there = [
            datetime.combine(day, what_if.start, window.zone).astimezone(now.tzinfo) for day in days
        ]
        start = min(there, key=lambda one: abs(one - begin))
    return start, end


def _next(now: datetime, at: time | None) -> datetime:
    """Return the next time at which the reader's clock shows a time of day; by default now."""
    if at is None:
        return now
    local = now.astimezone()
    today = local.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    return (today if today >= local else today + timedelta(days=1)).astimezone(now.tzinfo)


def _net(steps: Sequence[Step[Any]], job: Job, known: Known, what_if: WhatIf) -> Net:
    names = {step.name for step in steps}
    limits = {**known.limits, **job.limits}
    for name, units in known.limits.items():  # where both have a name, both hold
        limits[name] = min(limits[name], units)
    net = net_of(
        [
            (step.name, [one.name for one in step.after if one.name in names], step.uses)
            for step in steps
        ],
        {**limits, **what_if.limits},
    )
    return net if what_if.workers is None else net.with_workers(what_if.workers)


def _wish(
    past: Past,
    names: Sequence[str],
    night: date,
    *,
    left: Mapping[str, float],
    what_if: WhatIf,
    seed: int,
) -> Wish:
    wish = Wish(night, what_if.volume_times, what_if.step_times, left)
    if what_if.records is None or past.volume is None:
        return wish
    draws = drawn(past, names, Wish(night), 1_000, np.random.default_rng(seed))
    return replace(wish, volume_times=what_if.records / float(np.median(draws.volume)))


def _quantile(draws: Draws, level: float) -> int | None:
    volume = draws.volume[~np.isnan(draws.volume)]
    return round(float(np.quantile(volume, level))) if volume.size else None


def _breaking(
    basis: Basis, names: Sequence[str], wish: Wish, question: Question, seed: int
) -> Breaking | None:
    window_s = question.window_s
    if window_s is None:
        return None

    def in_time(draws: Draws) -> float:
        clean = attempt(question.resuming.net, draws.seconds)
        over = as_usual(question.resuming, draws, clean, np.random.default_rng(seed))
        return float((over <= window_s).mean())

    return breaking(basis.past, names, wish, in_time, wanted=question.wanted, seed=seed)
