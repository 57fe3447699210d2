"""A plan is made from what the ledger knows of a job; a critical job is started by it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from daybreak import Job
from daybreak.errors import DefinitionError, ParameterError, PreflightError, StartRefused
from daybreak.forecast import fit
from daybreak.ledger.forecasts import KeptForecast
from daybreak.ledger.store import LedgerStore
from daybreak.model.status import RunStatus, StepStatus
from daybreak.operations.critical import surely_enough
from daybreak.operations.history import history_of
from daybreak.operations.inspect import run_report
from daybreak.operations.load import load_job
from daybreak.operations.plan import Plan, plan_from, plan_of
from daybreak.operations.plan_known import Known
from daybreak.operations.settings import Settings
from daybreak.operations.start import start
from daybreak.operations.what_if import WhatIf, read_what_if
from daybreak.telemetry import Telemetry
from tests.operations.past_nights import (
    DATABASE,
    FIRST,
    JOB,
    RECORDS,
    Hand,
    begun,
    done,
    fill,
    identity,
    taken,
)

if TYPE_CHECKING:
    from daybreak.operations.load import LoadedJob

NIGHTS = 40
TONIGHT = FIRST + timedelta(days=NIGHTS)
BEGIN = datetime(TONIGHT.year, TONIGHT.month, TONIGHT.day, tzinfo=UTC) - timedelta(hours=7)
STEPS = ("fetch", "load", "stock", "close", "tell")


@dataclass(frozen=True)
class Shop:
    """A job's folder with its ledger."""

    folder: Path
    database: str

    @property
    def ledger(self) -> str:
        return f"sqlite:///{self.folder}/ledger.db"

    def loaded(self, options: str = "") -> LoadedJob:
        file = self.folder / "nightly.py"
        file.write_text(JOB.format(options=options))
        return load_job(file)

    def plan(
        self,
        what_if: str = "",
        *,
        now: datetime = BEGIN,
        night: date | None = None,
        nights: int = 2_000,
    ) -> Plan:
        return plan_of(
            self.loaded(),
            Settings(ledger=self.ledger, databases={"shop": self.database}, night=night),
            Hand(now),
            file="nightly.py",
            what_if=read_what_if(what_if, STEPS, ["db"]),
            nights=nights,
        )

    def stop_in_the_middle(self) -> int:
        """Do this night's fetch and half of load, which would take half an hour; return the run."""
        store = LedgerStore.open(self.ledger)
        owned = taken(store, TONIGHT, self.database)
        done(owned, "fetch", 300.0, RECORDS)
        begun(owned, "load", 1_800.0, RECORDS)
        owned.become(RunStatus.STOPPING)
        owned.become(RunStatus.STOPPED)
        store.close()
        return owned.run.id

    def start(self, now: datetime, *, critical: float, reason: str | None = None) -> str | None:
        """Ask whether the job may be started; return the reason why it would not, if it may."""
        store = LedgerStore.open(self.ledger)
        try:
            forced = surely_enough(
                store,
                self.loaded(f", critical={critical}").job,
                identity(TONIGHT),
                Settings(force_start=reason),
                now=now,
                file="nightly.py",
            )
        finally:
            store.close()
        return None if forced is None else forced.because


@pytest.fixture
def empty(tmp_path: Path) -> Shop:
    return Shop(tmp_path, f"sqlite:///{tmp_path}/shop.db")


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a ledger with forty past nights of two hours each."""
    file = tmp_path_factory.mktemp("past") / "ledger.db"
    fill(f"sqlite:///{file}", NIGHTS)
    return file


@pytest.fixture
def shop(tmp_path: Path, past: Path) -> Shop:
    shutil.copy(past, tmp_path)
    return Shop(tmp_path, DATABASE)


@pytest.mark.slow
def test_a_plan_knows_its_night_from_the_past(shop: Shop) -> None:
    plan = shop.plan()
    ends = plan.timing.clean.end_s

    assert (TONIGHT, BEGIN, BEGIN + timedelta(hours=3)) == (
        plan.night, plan.start_at, plan.window_end_at,
    )  # fmt: skip
    # The limit lets load and stock run one after the other only: 300 + 3300 + 1500 + 1700, grown.
    assert pytest.approx(300 + 4_800 * 1.04 + 1_700, rel=0.05) == ends.p50
    assert ends.p50 < ends.p90 < 1.4 * ends.p50
    assert ("fetch", "load", "stock", "close", "tell") == plan.timing.path
    assert {"40 runs"} == set(plan.sources.values())
    assert pytest.approx(RECORDS * 1.04, rel=0.05) == plan.records
    assert "close" == plan.timing.worst
    assert ["divide", "join"] == [one.what for one in plan.advice]


@pytest.mark.slow
def test_the_same_command_gives_the_same_plan(shop: Shop) -> None:
    assert shop.plan(nights=300).timing == shop.plan(nights=300).timing


@pytest.mark.slow
def test_what_is_supposed_changes_the_plan(shop: Shop) -> None:
    middle = shop.plan().timing.clean.end_s.p50

    assert pytest.approx(middle + 4_800 * 1.04, rel=0.05) == (
        shop.plan("records=2x").timing.clean.end_s.p50
    )
    assert pytest.approx(middle - 1_500 * 1.04, rel=0.05) == (
        shop.plan("db=4").timing.clean.end_s.p50
    )
    assert pytest.approx(middle - 850, rel=0.05) == shop.plan("close=0.5x").timing.clean.end_s.p50
    early = shop.plan("start=01:30,workers=1")
    assert BEGIN - timedelta(minutes=30) == early.start_at
    assert 3.5 * 3600 == early.timing.window_s
    halved = shop.plan(f"records={RECORDS // 2}")
    assert pytest.approx(RECORDS // 2, rel=0.02) == halved.records


def test_what_makes_no_sense_is_refused() -> None:
    for text, says in (
        ("record=2x", "did you mean 'records'"),
        ("records=-1", "whole number from 1"),
        ("load=0x", "a number of times"),
        ("start=25:00", "a time of day"),
        ("restart=soon", "a time like"),
        ("load=2", "a time like"),
        ("restart=99999999999h", "a year at most"),
        ("records=99999999999999999999", "from 1 to 1e+15"),
        ("records=2x,records=3x", "supposed twice"),
    ):
        with pytest.raises(ParameterError) as caught:
            read_what_if(text, STEPS, ["db"])
        assert says in f"{caught.value} {caught.value.hint}"
    assert WhatIf() == read_what_if("", STEPS, [])
    assert 0.0 == read_what_if("restart=0", STEPS, []).restart_s


def test_steps_of_which_nothing_is_known_are_named_with_what_to_run(empty: Shop) -> None:
    with pytest.raises(PreflightError, match="nothing is known of what load, stock, close, tell"):
        empty.plan("fetch=5m")
    with pytest.raises(PreflightError) as caught:
        empty.plan("fetch=5m,close=10m,tell=2s")

    assert "daybreak forecast nightly.py load; daybreak forecast nightly.py stock" in (
        caught.value.hint
    )
    assert "--what-if load=10m,stock=10m" in caught.value.hint


def test_a_persons_word_will_do(empty: Shop) -> None:
    plan = empty.plan("fetch=5m,load=1h,stock=20m,close=10m,tell=2s")

    assert {"your word"} == set(plan.sources.values())
    assert pytest.approx(95 * 60, rel=0.05) == plan.timing.clean.end_s.p50


@pytest.mark.slow
def test_a_forecast_will_do_for_a_step_that_never_ran(empty: Shop) -> None:
    law = fit([(n, n / 1_000) for n in (1_000, 3_000, 10_000, 30_000, 100_000, 300_000)])
    store = LedgerStore.open(empty.ledger)
    for step in ("load", "stock"):
        databases = {"shop": empty.database}
        store.keep_forecast("nightly", KeptForecast(step, databases, 1, BEGIN, law.to_json()))
    store.close()
    plan = empty.plan("fetch=1s,close=1s,tell=1s,records=3000000,db=4")

    assert "a forecast" == plan.sources["load"]
    assert pytest.approx(3_000, rel=0.15) == plan.timing.step("load").seconds.p50
    assert 2 == len(plan.notes)
    assert "load is known by a forecast only, of grade" in plan.notes[0]


def test_a_forecast_of_an_older_release_is_as_none(empty: Shop) -> None:
    store = LedgerStore.open(empty.ledger)
    databases = {"shop": empty.database}
    store.keep_forecast("nightly", KeptForecast("load", databases, 1, BEGIN, {"format": 1}))
    store.close()

    plan = empty.plan("fetch=1s,load=1h,stock=1s,close=1s,tell=1s", nights=100)
    assert "your word" == plan.sources["load"]
    with pytest.raises(PreflightError, match="load"):
        empty.plan("fetch=1s,stock=1s,close=1s,tell=1s", nights=100)


@pytest.mark.slow
def test_a_real_run_leaves_what_a_plan_needs(empty: Shop) -> None:
    loaded = empty.loaded()
    begun = start(loaded, Settings(ledger=empty.ledger, night=FIRST), Telemetry())
    plan = empty.plan()

    assert RunStatus.DONE == begun.status
    assert {"1 run"} == set(plan.sources.values())
    took = {one.step: one.seconds for one in history_of("nightly", ledger=empty.ledger)}
    for step in plan.timing.steps:
        assert 0.5 < step.seconds.p50 / took[step.name] < 2
    assert pytest.approx(10, abs=5) == plan.records


def test_what_nobody_could_live_to_see_is_planned_all_the_same(shop: Shop) -> None:
    plan = shop.plan("records=1000000x", nights=200)

    assert plan.at(plan.timing.clean.end_s.p95).year > 2030
    assert plan.at(1e300).year < 3100


def test_a_number_of_records_that_changes_nothing_is_told(empty: Shop) -> None:
    words = "fetch=5m,load=1h,stock=20m,close=10m,tell=2s"

    assert [] == list(empty.plan(words, nights=100).notes)
    (note,) = empty.plan(f"{words},records=2000000", nights=100).notes
    assert note.startswith("records=2000000 changes nothing")


def test_a_guessed_chunk_of_a_step_that_adapts_is_no_tenth_of_it(empty: Shop) -> None:
    """Of ten hours a fixed chunk may be an hour; one that finds its size out takes ten seconds."""
    plan = empty.plan("fetch=5m,load=10h,stock=10h,close=1m,tell=2s", nights=1_000)

    assert plan.timing.step("load").lost_s > 3_600
    assert plan.timing.step("stock").lost_s < 60
    (advice,) = (one for one in plan.advice if "load" in one.steps)
    assert "make its chunks smaller, --set load.chunk=N" in advice.text


def test_a_smaller_chunk_is_proposed_by_what_a_record_takes(shop: Shop) -> None:
    """A chunk was a twentieth of 56 minutes; of ten hours it would be half an hour."""
    plan = shop.plan("load=11x", nights=1_000)
    load = plan.timing.step("load")
    (advice,) = (one for one in plan.advice if "load" in one.steps)

    assert load.records is not None
    a_minute = load.records * 60 / load.seconds.p50
    assert f"--set load.chunk={int(a_minute)}" in advice.text


def test_a_start_outside_the_window_and_a_window_that_is_over_are_told(shop: Shop) -> None:
    assert "it starts only when its window is over" in shop.plan("start=06:00", nights=100).notes
    over = BEGIN + timedelta(days=1)
    past = shop.plan(now=over, nights=100)
    assert TONIGHT + timedelta(days=1) == past.night

    tonight = shop.plan(now=over, night=TONIGHT, nights=100)
    assert "the window of this night is over" in tonight.notes


def test_a_job_without_a_window_starts_when_it_is_told_to() -> None:
    job = Job("at once")
    job.task()(lambda: 1)
    now = BEGIN.astimezone()
    at = now.replace(hour=1, minute=30, second=0, microsecond=0)
    plan = plan_from(
        job,
        Known(),
        night=None,
        now=now,
        file="nightly.py",
        what_if=WhatIf(start=at.time(), step_s={job.steps[0].name: 60.0}),
        nights=100,
    )

    assert (at if at >= now else at + timedelta(days=1)) == plan.start_at


@pytest.mark.slow
def test_what_the_run_has_done_that_would_go_on_is_not_planned_again(shop: Shop) -> None:
    """The morning after: fetch is done, and half of load; the same command goes on with that."""
    whole = shop.plan().timing.clean.end_s.p50
    run = shop.stop_in_the_middle()
    plan = shop.plan(now=BEGIN + timedelta(days=1))

    assert plan.breaking is None, "from the rest of a run nothing follows for whole nights"
    assert ["load", "stock", "close", "tell"] == [step.name for step in plan.steps]
    assert pytest.approx(whole - 300 - 1_700, rel=0.05) == plan.timing.clean.end_s.p50
    assert f"run {run} goes on: fetch done already; 50 % of load left" == plan.notes[0]


def test_chunks_so_far_tell_what_a_step_takes_that_no_run_has_done(empty: Shop) -> None:
    empty.stop_in_the_middle()
    plan = empty.plan("stock=10m,close=10m,tell=2s", now=BEGIN + timedelta(days=1))

    assert "its chunks so far" == plan.sources["load"]
    assert pytest.approx(900, rel=0.1) == plan.timing.step("load").seconds.p50  # half is left


@pytest.mark.slow
def test_a_critical_job_is_not_started_too_late_unless_somebody_says_why(shop: Shop) -> None:
    assert shop.start(BEGIN - timedelta(hours=1), critical=0.9) is None
    with pytest.raises(StartRefused, match=r"if it starts now and close fails at its worst") as no:
        shop.start(BEGIN + timedelta(hours=1), critical=0.9)

    assert "--force-start REASON" in no.value.hint
    because = shop.start(BEGIN + timedelta(hours=1), critical=0.9, reason="the boss says so")
    assert because is not None
    assert "less than 90 %" in because


@pytest.mark.slow
def test_what_a_critical_run_has_done_already_is_not_planned_again(shop: Shop) -> None:
    """Of the two hours most are done: it may still go on an hour before the window's end."""
    late = BEGIN + timedelta(hours=2)
    with pytest.raises(StartRefused):
        shop.start(late, critical=0.9)
    store = LedgerStore.open(shop.ledger)
    owned = taken(store, TONIGHT)
    for step in ("fetch", "load", "stock"):
        done(owned, step, 1.0, RECORDS)
    owned.begin_step("close", code="1")
    owned.end_step("close", StepStatus.FAILED, error="gone")
    owned.become(RunStatus.FAILED, error="gone")
    store.close()

    assert shop.start(late - timedelta(minutes=20), critical=0.9) is None


def test_a_reason_for_a_job_that_is_not_critical_is_refused(empty: Shop) -> None:
    with pytest.raises(DefinitionError, match="job nightly is not critical"):
        start(empty.loaded(), Settings(ledger=empty.ledger, force_start="why not"), Telemetry())


def test_a_reason_that_says_nothing_is_refused(empty: Shop) -> None:
    for reason in ("", "  "):
        with pytest.raises(DefinitionError, match="expected a reason"):
            start(
                empty.loaded(", critical=0.99"),
                Settings(ledger=empty.ledger, force_start=reason),
                Telemetry(),
            )


def test_a_forced_start_is_kept_in_the_audit(empty: Shop) -> None:
    loaded = empty.loaded(", critical=0.99")
    settings = Settings(ledger=empty.ledger, night=date(2026, 9, 1))
    with pytest.raises(StartRefused, match="nothing is known of what fetch"):
        start(loaded, settings, Telemetry())
    store = LedgerStore.open(empty.ledger)
    assert [] == store.runs()

    forced = Settings(ledger=empty.ledger, night=date(2026, 9, 1), force_start="the first night")
    run = start(empty.loaded(", critical=0.99"), forced, Telemetry())

    notes = [line for line in store.audit(int(run.run)) if line.what == "start forced"]
    store.close()
    shown = [note.text for note in run_report(empty.ledger, int(run.run)).notes]
    assert RunStatus.DONE == run.status
    assert ["the first night"] == [line.details["reason"] for line in notes]
    assert [True] == [text.startswith("start forced: the first night (nothing") for text in shown]
