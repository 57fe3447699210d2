"""How long a running step still takes is told while it runs, by the law of its own chunks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from daybreak.model.eta import Growth, eta_of
from daybreak.model.knobs import Knobs
from daybreak.telemetry import ChunkCommitted, Estimated, Event
from tests.execution.house import House
from tests.execution.pacing import PacedRun

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
