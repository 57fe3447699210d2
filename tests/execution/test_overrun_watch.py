"""A run is told in time that it will overrun, and stops at a boundary if that is its policy."""

from __future__ import annotations

from datetime import timedelta

import pytest

from daybreak.execution.conductor import Conductor, Result
from daybreak.execution.overrun_watch import Ending, OverrunWatch
from daybreak.model.fate import Counts
from daybreak.model.job import StepKind
from daybreak.model.knobs import Knobs
from daybreak.model.overrun import Left, OnOverrun, Outlook
from daybreak.model.status import RunStatus, StepStatus
from daybreak.telemetry import Estimated, Event, Overrun, StepEnded, StepStarted, Telemetry
from tests.execution.house import House, loading
from tests.execution.pacing import PacedRun, TurnedClock

pytestmark = pytest.mark.slow_on_postgresql


class Watched:
    """A watch over `load` and a task behind it, and what it says."""

    def __init__(self, window_s: float, on_overrun: OnOverrun = "warn", **typical: Left) -> None:
        self.clock = TurnedClock()
        self.stops: list[str] = []
        self.heard: list[Overrun] = []
        telemetry = Telemetry()
        telemetry.subscribe(self._keep)
        ends_at = self.clock.now() + timedelta(seconds=window_s)
        self.watch = OverrunWatch(
            loading(tasks={"report": str}).job.steps,
            Ending(ends_at, on_overrun, typical),
            clock=self.clock,
            telemetry=telemetry,
            stop=self.stops.append,
        )

    def _keep(self, event: Event) -> None:
        assert isinstance(event, Overrun)
        self.heard.append(event)

    @property
    def outlooks(self) -> list[Outlook]:
        return [event.outlook for event in self.heard]

    def starts(self, step: str) -> None:
        now = self.clock.now()
        self.watch.hear(StepStarted(now, step, StepKind.STEP, "", 100, Counts()))

    def estimate(self, remaining_s: float, safe_s: float, *, is_firm: bool = True) -> None:
        self.watch.hear(
            Estimated(
                self.clock.now(), "load", 50, 100, remaining_s, 1, safe_s, safe_s, "n", is_firm
            )
        )

    def ends(self, step: str) -> None:
        now = self.clock.now()
        self.watch.hear(StepEnded(now, step, StepStatus.DONE, Counts(), 1.0))


def test_the_safe_bound_warns_before_the_likely_end_does_and_each_once() -> None:
    run = Watched(100)
    run.starts("load")
    for remaining_s, safe_s in [(50, 90), (60, 101), (60, 102), (101, 200), (50, 80)]:
        run.estimate(remaining_s, safe_s)

    assert [Outlook.AT_RISK, Outlook.LATE, Outlook.ON_TIME] == run.outlooks
    assert (60, 101) == (run.heard[0].likely_s, run.heard[0].safe_s)
    assert ["report"] == run.heard[0].unknown
    assert [] == run.stops


def test_a_run_that_stops_at_the_end_of_its_window_says_nothing_more() -> None:
    run = Watched(100, "stop")
    run.starts("load")
    run.estimate(200, 300)
    run.watch.before_chunk(101)
    run.estimate(150, 250)
    run.clock.turn(200)
    run.watch.look()

    assert [Outlook.LATE, Outlook.OVER] == run.outlooks
    assert [False, True] == [event.is_stopping for event in run.heard]


def test_a_guess_warns_nobody() -> None:
    run = Watched(100)
    run.starts("load")
    run.estimate(1_000, 2_000, is_firm=False)

    assert [] == run.heard


def test_what_past_runs_say_of_later_steps_counts() -> None:
    run = Watched(100, report=Left(40, 45))
    run.starts("load")
    run.estimate(50, 60)

    assert [Outlook.AT_RISK] == run.outlooks
    assert (90, 105) == (run.heard[0].likely_s, run.heard[0].safe_s)
    assert [] == run.heard[0].unknown


def test_time_that_passes_without_news_is_taken_off_and_the_end_of_the_window_is_told() -> None:
    run = Watched(100)
    run.starts("load")
    run.estimate(80, 90)
    run.clock.turn(50)
    run.watch.look()
    assert [] == run.outlooks
    run.clock.turn(50)
    run.watch.look()

    assert [Outlook.OVER] == run.outlooks
    assert [] == run.stops


def test_with_the_policy_to_stop_the_end_of_the_window_stops_it_once() -> None:
    run = Watched(100, "stop")
    run.clock.turn(100)
    run.watch.look()
    run.watch.look()
    run.watch.before_chunk(1.0)

    assert ["the end of the window"] == run.stops
    assert run.heard[-1].is_stopping


def test_a_run_that_is_done_has_overrun_nothing() -> None:
    run = Watched(100, "stop")
    run.ends("load")
    run.ends("report")
    run.clock.turn(200)
    run.watch.look()

    assert [] == run.heard
    assert [] == run.stops


CHUNK = Knobs(chunk=100)


def conduct(run: PacedRun, window_s: float, on_overrun: OnOverrun = "stop") -> Result:
    """Bring the step as far as a window of so many seconds, from now on, allows."""
    run.house.stop = type(run.house.stop)()
    around = run.around(CHUNK)
    ending = Ending(run.clock.now() + timedelta(seconds=window_s), on_overrun)
    return Conductor(loading().job.steps, around, lease_s=30, ending=ending).run()


def test_no_chunk_is_begun_that_would_end_beyond_the_window(house: House) -> None:
    """Chunks of ten seconds in a window of 42: four of them; the next night the rest."""
    run = PacedRun(house, 1_000, lambda _at_s: 0.1)
    ends_at = run.clock.now() + timedelta(seconds=42)

    assert RunStatus.STOPPED is conduct(run, 42).status
    assert 4 == len(run.chunks)
    assert all(chunk.at <= ends_at for chunk in run.chunks)

    run.clock.turn(timedelta(hours=23).total_seconds())
    assert RunStatus.DONE is conduct(run, 3_600).status
    assert run.written == house.numbers()
    assert 10 == len(run.chunks)


def test_a_chunk_longer_than_the_window_is_begun_once_a_night(house: House) -> None:
    run = PacedRun(house, 300, lambda _at_s: 1.0)
    nights = [conduct(run, 50).status for _ in range(3)]

    assert [RunStatus.STOPPED, RunStatus.STOPPED, RunStatus.DONE] == nights


def test_with_the_policy_to_warn_it_goes_on(house: House) -> None:
    run = PacedRun(house, 1_000, lambda _at_s: 0.1)
    heard: list[Event] = []
    house.telemetry.subscribe(heard.append)

    assert RunStatus.DONE is conduct(run, 42, "warn").status

    told = [event.outlook for event in heard if isinstance(event, Overrun)]
    assert told
    assert set(told) <= {Outlook.AT_RISK, Outlook.LATE, Outlook.OVER}
