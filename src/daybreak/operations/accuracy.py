"""How good the forecasts of a job were: every run beside what was forecast before it began."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from statistics import median

from ..forecast import Forecast
from ..ledger.forecasts import KeptForecast
from ..ledger.history import StepTime
from .inspect import reading


@dataclass(frozen=True, slots=True)
class Judged:
    """One step of one run, and its latest forecast from before it began."""

    run: int
    night: date | None
    step: str
    records: int
    seconds: float
    """What it took."""

    made_at: datetime
    """When it was forecast."""

    likely: float
    low: float
    high: float
    """The ends of the interval that holds 9 of 10 times."""

    safe_bound: float
    grade: str

    @property
    def error(self) -> float:
        """By how much it took longer than was likely, relative; negative if it was quicker."""
        return self.seconds / self.likely - 1

    @property
    def is_inside(self) -> bool:
        """Whether the interval held."""
        return self.low <= self.seconds <= self.high

    @property
    def is_safe(self) -> bool:
        """Whether the safe bound held."""
        return self.seconds <= self.safe_bound


@dataclass(frozen=True, slots=True)
class Record:
    """How good all of them were together."""

    judged: Sequence[Judged]
    unforecast: int
    """Finished steps with records for which there was no forecast that is like them."""

    @property
    def error_median(self) -> float:
        """The median error, without its sign; 0 if nothing was judged."""
        return median(abs(one.error) for one in self.judged) if self.judged else 0.0

    @property
    def inside(self) -> int:
        """How often the interval held."""
        return sum(one.is_inside for one in self.judged)

    @property
    def safe(self) -> int:
        """How often the safe bound held."""
        return sum(one.is_safe for one in self.judged)


def track_record(job: str, ledger: str, step: str | None = None) -> Record:
    """Compare the runs of a job with what was forecast for them.

    Args:
        job: Its name.
        ledger: The ledger's URL.
        step: Only this step of it.

    Raises:
        PreflightError: If there is no ledger, or it cannot be read.
    """
    with reading(ledger) as store:
        kept = [one for one in store.forecasts(job) if Forecast.can_read(one.forecast)]
        times = [time for time in store.history(job, step=step) if time.records]
        databases = {run: store.run(run).databases for run in {time.run for time in times}}
    judged = []
    for time in times:
        fitting = [one for one in kept if one.databases == databases[time.run]]
        before = _latest_before(fitting, time)
        if before is not None:
            judged.append(_judged(before, time))
    return Record(judged, len(times) - len(judged))


def _latest_before(kept: Iterable[KeptForecast], time: StepTime) -> KeptForecast | None:
    fitting = [
        one
        for one in kept
        if one.step == time.step and one.made_at <= time.began_at and one.workers == time.parallel
    ]
    return fitting[-1] if fitting else None


def _judged(kept: KeptForecast, time: StepTime) -> Judged:
    forecast = Forecast.from_json(kept.forecast)
    records = time.records or 1
    low, high = forecast.interval(records)
    return Judged(
        run=time.run,
        night=time.night,
        step=time.step,
        records=records,
        seconds=time.seconds,
        made_at=kept.made_at,
        likely=forecast.predict(records),
        low=low,
        high=high,
        safe_bound=forecast.safe_bound(records),
        grade=forecast.grade(records),
    )
