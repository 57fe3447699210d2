"""`chunk="auto"` and `parallel="auto"` in a step: turned while it works, told, and proven."""

from __future__ import annotations

import pytest

from daybreak import Retry
from daybreak.abc import Transaction
from daybreak.errors import TransientError
from daybreak.execution.pace import ENDS_PER_WORKER, WINDOW_S, Pace
from daybreak.model.chunk_size import LIMIT, PIECES, STEP_DOWN, TRANSACTION_S, ChunkTook
from daybreak.model.knobs import Knobs
from daybreak.model.progress import KNOBS_TURNED
from daybreak.model.ranges import Range
from daybreak.pipeline import Map
from daybreak.telemetry import Event, KnobTurned, Telemetry
from tests.execution.house import House
from tests.execution.pacing import PacedRun, TurnedClock

pytestmark = pytest.mark.slow_on_postgresql

AUTO = Knobs.of("auto")


def test_chunks_grow_to_half_a_second_and_every_turn_is_told(house: House) -> None:
    run = PacedRun(house, 4_000, lambda _at_s: 2**-12)

    assert run.all_passed == run.attempt(AUTO)

    assert [1_000, 2_000] == [chunk.counts.read for chunk in run.chunks[:2]]
    assert [("chunk", 1_000, 2_000)] == [(t.knob, t.before, t.after) for t in run.turns]
    assert "1,000 records took 0.24 of 0.5 s of transaction" == run.turns[0].reason
    notes = [line for line in house.store.audit(1) if line.what == KNOBS_TURNED]
    assert [(2_000, 1)] == [(note.details["chunk"], note.details["parallel"]) for note in notes]


def test_a_database_that_turns_slower_within_a_chunk_has_it_broken_off(house: House) -> None:
    """What had been written of it is rolled back, and its range is done in smaller ones."""
    run = PacedRun(house, 5_000, lambda at_s: 0.0005 if at_s < 1.1 else 0.002)

    assert run.all_passed == run.attempt(AUTO)

    assert run.written == house.numbers()
    assert any(turn.reason.startswith("broken off: ") for turn in run.turns)
    worst = max(chunk.duration_s for chunk in run.chunks) / TRANSACTION_S
    assert worst <= LIMIT + STEP_DOWN / PIECES
    assert run.turns[-1].after <= 300


def test_a_first_chunk_that_is_far_too_large_is_broken_off_too(house: House) -> None:
    run = PacedRun(house, 1_500, lambda _at_s: 0.02)

    assert run.all_passed == run.attempt(AUTO)

    assert max(chunk.counts.read for chunk in run.chunks) <= 250
    assert run.turns[-1].after == pytest.approx(25, rel=0.3)


@pytest.mark.slow
def test_a_step_that_found_its_size_out_is_resumed_with_any_other(house: House) -> None:
    run = PacedRun(house, 3_000, lambda _at_s: 0.001)
    house.telemetry.subscribe(
        lambda _event: house.stop.request("a test") if len(run.chunks) == 2 else None
    )
    assert run.attempt(AUTO) is None
    house.stop = type(house.stop)()

    assert run.all_passed == run.attempt(Knobs(chunk=77))
    assert run.written == house.numbers()


def test_a_write_that_failed_once_is_never_broken_off(house: House) -> None:
    """Its COMMIT may have been on its way: another cut would not find its marker."""
    run = PacedRun(house, 200, lambda _at_s: 0.05)
    plain = run.insert
    failed: list[int] = []

    def fails_once(number: int, tx: Transaction) -> None:
        if number == 3 and not failed:
            failed.append(number)
            raise TransientError("deadlock detected")
        plain(number, tx)

    run.insert = fails_once  # type: ignore[method-assign]

    assert run.all_passed == run.attempt(AUTO)

    assert [200] == [chunk.counts.read for chunk in run.chunks]
    assert not any(turn.reason.startswith("broken off") for turn in run.turns)
    assert run.written == house.numbers()


def test_what_a_stage_with_retries_has_called_is_not_called_again(house: House) -> None:
    run = PacedRun(house, 200, lambda _at_s: 0.05)
    called: list[int] = []

    def calls(number: int) -> int:
        called.append(number)
        return number

    run.stages = [Map("calls", calls, retry=Retry(attempts=2))]

    assert run.all_passed == run.attempt(AUTO)

    assert list(range(200)) == called
    assert [200] == [chunk.counts.read for chunk in run.chunks]


def test_a_range_that_is_far_too_large_when_it_is_taken_is_divided_before_it_is_begun() -> None:
    flight, first, second = Flight(AUTO), Range.of(0, 1_000), Range.of(1_000, 1_250)
    flight.pace.planned(first, 1_000)
    flight.pace.ended(ChunkTook(1_000, 4 * TRANSACTION_S, 2.0))
    flight.pace.planned(second, flight.pace.chunk_records)

    assert 250 == flight.pace.chunk_records
    assert flight.pace.is_to_be_divided(first)
    assert not flight.pace.is_to_be_divided(second)


def test_a_fixed_size_is_left_alone_however_slow_it_is(house: House) -> None:
    run = PacedRun(house, 600, lambda _at_s: 0.1)

    assert run.all_passed == run.attempt(Knobs(chunk=300))

    assert [300, 300] == [chunk.counts.read for chunk in run.chunks]
    assert [] == run.turns


def test_more_chunks_in_flight_are_tried_and_all_of_them_committed_once(house: House) -> None:
    run = PacedRun(house, 4_000, lambda _at_s: 0.001)

    assert run.all_passed == run.attempt(Knobs.of(100, "auto"))

    assert run.written == house.numbers()
    assert (1, 2) == (run.turns[0].before, run.turns[0].after)
    assert "1 got 1,000 records/s done, 2 are tried" == run.turns[0].reason
    assert {"parallel"} == {turn.knob for turn in run.turns}


class Flight:
    """A pace alone: chunks of a hundred records end by a clock that the test turns."""

    def __init__(self, knobs: Knobs) -> None:
        self.clock = TurnedClock()
        self.turns: list[KnobTurned] = []
        telemetry = Telemetry()
        telemetry.subscribe(self._hear)
        self.pace = Pace("load", knobs, clock=self.clock, telemetry=telemetry)

    def _hear(self, event: Event) -> None:
        assert isinstance(event, KnobTurned)
        self.turns.append(event)

    def work(self, best: int, rounds: int) -> None:
        """Have each worker do so many chunks; so many at most get more done together."""
        for _ in range(rounds):
            workers = self.pace.told.parallel
            for number in range(workers):
                assert self.pace.has_turn(number)
            self.clock.turn(0.5 * WINDOW_S * workers / min(workers, best))
            for number in range(workers):
                self.pace.ended(ChunkTook(100, 0.1, 0.1), number)


def test_it_climbs_as_long_as_more_get_more_done() -> None:
    flight = Flight(Knobs.of(100, "auto"))
    flight.work(best=4, rounds=6 * (ENDS_PER_WORKER + 1))

    assert [2, 4, 8, 4] == [turn.after for turn in flight.turns[:4]]
    assert "1 got 200 records/s done, 2 are tried" == flight.turns[0].reason
    assert "auto chose 4 of at most 8 workers: 8 got 800 " in flight.turns[3].reason


def test_trouble_halves_what_is_in_flight_once_for_all_who_meet_it() -> None:
    flight = Flight(Knobs.of(100, "auto"))
    flight.work(best=8, rounds=4 * (ENDS_PER_WORKER + 1))
    assert 8 == flight.pace.told.parallel
    flight.clock.turn(1.01 * WINDOW_S)

    for _ in range(3):
        flight.pace.trouble(TransientError("deadlock detected"))

    assert 4 == flight.pace.told.parallel
    assert "backs off: deadlock detected" == flight.turns[-1].reason


def test_a_worker_beyond_the_wanted_number_ends_when_nothing_is_left() -> None:
    flight = Flight(Knobs.of(100, "auto"))
    flight.pace.handed_out()

    assert flight.pace.has_turn(0)
    assert not flight.pace.has_turn(1)


def test_larger_chunks_are_not_taken_for_the_gain_of_more_workers() -> None:
    flight = Flight(Knobs.of("auto", "auto"))
    for _ in range(10):
        flight.clock.turn(1.0)
        flight.pace.ended(ChunkTook(flight.pace.chunk_records, 0.01, 0.01))
        if flight.pace.chunk_records == 100_000:
            break

    assert {"chunk"} == {turn.knob for turn in flight.turns}
