"""How long a running step still takes is told while it runs, by the law of its own chunks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from daybreak.connectors.sequence import SequenceSource
from daybreak.model.cursor import decode
from daybreak.model.eta import Growth, eta_of
from daybreak.model.expected import About
from daybreak.model.knobs import Knobs
from daybreak.model.progress import EXPECTED
from daybreak.model.ranges import Range
from daybreak.telemetry import ChunkCommitted, Estimated, Event
from tests.execution.house import House
from tests.execution.pacing import PacedRun

pytestmark = pytest.mark.slow_on_postgresql

RECORDS = 2_000
CHUNK = Knobs(chunk=20)


def quadratic(house: House) -> PacedRun:
    """A step whose records take the longer the more there are: 100 s in all."""
    run = PacedRun(house, RECORDS, lambda _at_s: 0.0)
    done = iter(range(RECORDS))
    run.record_s = lambda _at_s: 100 * (2 * next(done) + 1) / RECORDS**2
    return run


def estimates_of(house: House) -> list[Estimated]:
    """Return what estimates will be told from now on."""
    heard: list[Estimated] = []

    def hear(event: Event) -> None:
        if isinstance(event, Estimated):
            heard.append(event)

    house.telemetry.subscribe(hear)
    return heard


def test_a_quadratic_step_at_its_middle_is_estimated_within_a_fifth(house: House) -> None:
    run = quadratic(house)
    heard = estimates_of(house)

    assert run.attempt(CHUNK) is not None

    middle = min(heard, key=lambda event: abs(event.done - RECORDS / 2))
    elapsed_s = 100 * (middle.done / RECORDS) ** 2
    assert 50 == pytest.approx(elapsed_s * RECORDS / middle.done, rel=0.1)  # by the share done
    assert 100 == pytest.approx(elapsed_s + middle.remaining_s, rel=0.2)
    assert middle.low_s <= 100 - elapsed_s <= middle.high_s
    assert middle.law.startswith(("n^1.9", "n^2.0"))
    assert middle.is_firm
    assert len(heard) <= 101  # about once a second, however many chunks


@pytest.mark.slow
def test_a_resumed_step_goes_on_with_what_earlier_attempts_measured(house: House) -> None:
    run = quadratic(house)
    chunks: list[Event] = []

    def stop_at_the_middle(event: Event) -> None:
        if isinstance(event, ChunkCommitted):
            chunks.append(event)
            if len(chunks) == 50:
                house.stop.request("a test")

    house.telemetry.subscribe(stop_at_the_middle)
    assert run.attempt(CHUNK) is None
    house.stop = type(house.stop)()
    run.clock.turn(timedelta(hours=20).total_seconds())
    heard = estimates_of(house)

    assert run.attempt(CHUNK) is not None

    first = heard[0]
    left_s = 100 * (1 - (first.done / RECORDS) ** 2)
    assert left_s == pytest.approx(first.remaining_s, rel=0.2)


@pytest.mark.slow
def test_whoever_looks_at_the_ledger_estimates_the_same(house: House) -> None:
    run = quadratic(house)
    heard = estimates_of(house)
    run.attempt(CHUNK)

    kept = house.store.measurements(1, "load")
    done = next(event for event in heard if event.done >= RECORDS / 2)
    chunks = sorted(kept, key=lambda one: one.committed_at)[: done.done // 20]
    found = eta_of(RECORDS, ((c.counts.read, c.committed_at, c.duration_s) for c in chunks))

    estimate = found.estimate()
    assert estimate is not None
    assert estimate.remaining_s == pytest.approx(done.remaining_s, rel=0.01)


@pytest.mark.slow
def test_what_past_runs_say_comes_before_what_the_first_chunks_say(house: House) -> None:
    run = quadratic(house)
    past = Growth("n²", (10.0, float(RECORDS)), (0.0025, 100.0), spread=0.1, safe=1.3)
    heard = estimates_of(house)
    run.growths = {"load": past}

    assert run.attempt(CHUNK) is not None

    assert "n², from past runs" == heard[0].law
    left_s = 100 * (1 - (heard[0].done / RECORDS) ** 2)
    assert left_s == pytest.approx(heard[0].remaining_s, rel=0.05)
    assert heard[0].safe_s > heard[0].high_s * 0.99


def uncounted(monkeypatch: pytest.MonkeyPatch, about: About | None, *, has_shares: bool) -> None:
    """Have the source of a step not know how many records it holds."""

    def place(text: str) -> int:
        cursor = decode(text) if text else 0
        assert isinstance(cursor, int)
        return cursor

    def share(_: object, part: Range, of: Range) -> float | None:
        return (place(part.upto) - place(part.after)) / place(of.upto) if has_shares else None

    monkeypatch.setattr(SequenceSource, "total", lambda _: None)
    monkeypatch.setattr(SequenceSource, "about", lambda *_: about, raising=False)
    monkeypatch.setattr(SequenceSource, "share", share, raising=False)


@pytest.mark.slow
def test_a_source_that_cannot_count_is_estimated_by_how_far_the_walk_has_come(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planner believes in half as many records as there are."""
    uncounted(monkeypatch, About(RECORDS // 2, spread=0.7), has_shares=True)
    run = PacedRun(house, RECORDS, lambda _: 0.05)
    heard = estimates_of(house)

    assert run.attempt(CHUNK) is not None

    middle = min(heard, key=lambda event: abs(event.done - RECORDS / 2))
    left_s = 0.05 * (RECORDS - middle.done)
    assert middle.is_about
    assert RECORDS == pytest.approx(middle.total, rel=0.2)
    assert left_s == pytest.approx(middle.remaining_s, rel=0.5)
    assert middle.low_s <= left_s <= middle.high_s
    noted = [line.details for line in house.store.audit(1) if line.what == EXPECTED]
    assert 1 <= len(noted) < 20
    assert RECORDS == pytest.approx(noted[-1]["records"], rel=0.25)


@pytest.mark.slow
def test_as_many_as_the_last_run_read_are_expected_where_nothing_else_is_known(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    uncounted(monkeypatch, None, has_shares=False)
    run = PacedRun(house, RECORDS, lambda _: 0.05)
    run.records_before = {"load": RECORDS}
    heard = estimates_of(house)

    assert run.attempt(CHUNK) is not None

    assert RECORDS == heard[0].total
    wide = heard[0].high_s / heard[0].low_s
    assert wide > 2, "nobody knows"


def test_without_any_idea_there_is_no_estimate(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    uncounted(monkeypatch, None, has_shares=False)
    heard = estimates_of(house)

    assert PacedRun(house, RECORDS, lambda _: 0.05).attempt(CHUNK) is not None
    assert [] == heard
