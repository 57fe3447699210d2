"""Scopes: fan-out and fan-in by generators, and every way to end."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from itertools import count, islice

import pytest

from daybreak.errors import DeadlinePassed, DefinitionError, RunError, StuckWorker
from daybreak.pipeline import Cancelled, Receiver, Scope, current_scope
from daybreak.pipeline import scope as scope_module

LONG_S = 30.0  # a deadline that only a deadlock reaches


def numbers(*values: int) -> Iterator[int]:
    yield from values


def square(received: Iterable[int]) -> Iterator[int]:
    for number in received:
        yield number * number


class Trace:
    """A generator that notes how it ended."""

    def __init__(self) -> None:
        self.ends: list[str] = []

    def __call__(self, received: Iterable[int]) -> Iterator[int]:
        try:
            for number in received:  # noqa: UP028 - it is this generator that is closed
                yield number
            self.ends.append("end of input")
        except Cancelled:
            self.ends.append("cancelled while receiving")
            raise
        except GeneratorExit:
            self.ends.append("closed while sending")
            raise
        finally:
            self.ends.append("finally")


# ---------------------------------------------------------------- fan-out, fan-in


def test_two_generators_share_one_receiver_and_are_merged() -> None:
    with Scope(deadline_s=LONG_S) as scope:
        first = scope.go(numbers, 1, 2, 3, 4, 5)
        squares = list(scope.merge(scope.go(square, first), scope.go(square, first)))

    assert [1, 4, 9, 16, 25] == sorted(squares)


def test_one_generator_keeps_the_order() -> None:
    with Scope(deadline_s=LONG_S, capacity=2) as scope:
        squares = list(scope.go(square, scope.go(numbers, *range(100))))

    assert [number * number for number in range(100)] == squares


def test_split_gives_each_record_to_exactly_one_receiver() -> None:
    with Scope(deadline_s=LONG_S, capacity=3) as scope:
        parts = scope.split(scope.go(numbers, *range(1000)), 4)
        received = list(scope.merge(*(scope.go(square, part) for part in parts)))

    assert sorted(number * number for number in range(1000)) == sorted(received)


def test_a_receiver_of_a_split_that_nobody_reads_holds_nothing_up() -> None:
    with Scope(deadline_s=LONG_S, capacity=1) as scope:
        read, _unread = scope.split(scope.go(numbers, *range(50)), 2)
        received = list(read)

    assert list(range(50)) == received


def test_merging_nothing_ends_at_once() -> None:
    with Scope(deadline_s=LONG_S) as scope:
        merged: Receiver[int] = scope.merge()

        assert [] == list(merged)


def test_go_takes_any_function_that_returns_an_iterable() -> None:
    with Scope(deadline_s=LONG_S) as scope:
        assert [0, 1, 2] == list(scope.go(range, 3))


def test_a_channel_never_holds_more_than_its_capacity() -> None:
    with Scope(deadline_s=LONG_S, capacity=7) as scope:
        receiver = scope.go(numbers, *range(500))
        assert 500 == len(list(receiver))

    assert 1 <= receiver.records_peak <= 7


def test_a_receiver_that_ended_stays_ended() -> None:
    with Scope(deadline_s=LONG_S) as scope:
        receiver = scope.go(numbers, 1)
        assert [1] == list(receiver)
        assert [] == list(receiver)


def test_functions_keyword_arguments_reach_them() -> None:
    def repeat(value: int, *, times: int) -> Iterator[int]:
        yield from [value] * times

    with Scope(deadline_s=LONG_S) as scope:
        assert [7, 7] == list(scope.go(repeat, 7, times=2))


# ---------------------------------------------------------------- leaving


def test_leaving_waits_for_threads_that_still_work() -> None:
    done: list[int] = []

    def work() -> None:
        gate.wait()
        done.append(1)

    gate = threading.Event()
    with Scope(deadline_s=LONG_S) as scope:
        scope.start(work)
        gate.set()

    assert [1] == done


def test_leaving_lets_a_generator_finish_whose_results_nobody_reads() -> None:
    trace = Trace()
    with Scope(deadline_s=LONG_S) as scope:
        scope.go(trace, range(3))

    assert ["end of input", "finally"] == trace.ends


def test_leaving_cancels_a_sender_that_is_blocked_on_a_channel_nobody_reads() -> None:
    trace = Trace()
    with Scope(deadline_s=LONG_S, capacity=2) as scope:
        scope.go(trace, count())

    assert ["closed while sending", "finally"] == trace.ends


def test_leaving_cancels_a_whole_chain_that_nobody_reads() -> None:
    first, second = Trace(), Trace()
    with Scope(deadline_s=LONG_S, capacity=2) as scope:
        scope.go(second, scope.go(first, count()))

    assert "finally" in first.ends
    assert "finally" in second.ends


def test_leaving_does_not_cancel_a_chain_that_still_moves() -> None:
    """A side effect at the end of a chain sees every record, though the owner reads nothing."""
    seen: list[int] = []

    def keep(received: Iterable[int]) -> Iterator[int]:
        seen.extend(received)
        yield from ()

    with Scope(deadline_s=LONG_S, capacity=1) as scope:
        scope.go(keep, scope.go(square, scope.go(numbers, *range(300))))

    assert [number * number for number in range(300)] == seen


def test_a_break_cancels() -> None:
    trace = Trace()
    with Scope(deadline_s=LONG_S) as scope:
        for number in scope.go(trace, count()):
            if number == 10:
                break

    assert "finally" in trace.ends


def test_a_break_cancels_a_generator_that_waits_through_its_scope() -> None:
    def tick() -> Iterator[int]:
        yield 1
        while not current_scope().wait(3600):
            yield 2

    with Scope() as scope:
        for _ in scope.go(tick):
            break


def test_an_exception_in_the_block_cancels_and_goes_through() -> None:
    trace = Trace()
    with pytest.raises(ZeroDivisionError), Scope(deadline_s=LONG_S, capacity=1) as scope:
        scope.go(trace, count())
        raise ZeroDivisionError

    assert "finally" in trace.ends


def test_a_generator_blocked_on_receive_sees_the_cancellation() -> None:
    def silent(started: threading.Event) -> Iterator[int]:
        started.set()
        current_scope().wait(3600)
        yield 1

    trace, started = Trace(), threading.Event()
    with Scope() as scope:
        scope.go(trace, scope.go(silent, started))
        started.wait()
        scope.cancel()

    assert ["cancelled while receiving", "finally"] == trace.ends


def test_the_owner_who_cancelled_sees_its_iteration_end() -> None:
    with Scope(deadline_s=LONG_S) as scope:
        received = []
        for number in scope.go(numbers, *range(10_000)):
            received.append(number)
            if number == 3:
                scope.cancel()

    assert [0, 1, 2, 3] == received


def test_a_cancelled_sender_is_never_taken_for_the_end_of_the_data() -> None:
    """Who sums up what it receives must not publish half a sum."""
    sums: list[int] = []

    def total(received: Iterable[int]) -> Iterator[int]:
        sums.append(sum(received))
        yield sums[0]

    def fails(limit: int) -> Iterator[int]:
        yield from range(limit)
        raise ValueError(limit)

    for limit in range(30):
        with pytest.raises(ValueError, match=str(limit)), Scope(deadline_s=LONG_S) as scope:
            list(scope.go(total, scope.go(fails, limit)))

    assert [] == sums


def test_a_scope_is_entered_once_and_used_inside_its_block() -> None:
    scope = Scope()
    with pytest.raises(DefinitionError, match="inside its with block"):
        scope.start(print)
    with scope:
        pass
    with pytest.raises(DefinitionError, match="inside its with block"):
        scope.go(numbers, 1)
    with pytest.raises(DefinitionError, match="entered only once"):
        scope.__enter__()


@pytest.mark.parametrize("deadline_s", [0, -1, float("nan")])
def test_a_deadline_is_positive(deadline_s: float) -> None:
    with pytest.raises(DefinitionError, match="deadline_s"):
        Scope(deadline_s=deadline_s)


def test_a_capacity_and_a_split_are_at_least_one() -> None:
    with pytest.raises(DefinitionError, match="capacity"):
        Scope(capacity=0)
    with Scope() as scope, pytest.raises(DefinitionError, match="at least one"):
        scope.split(scope.go(numbers, 1), 0)


def test_reading_what_was_cut_off_after_the_block_is_an_error_not_an_end() -> None:
    with Scope(deadline_s=LONG_S) as scope:
        receiver = scope.go(count)
        next(receiver)

    with pytest.raises(DefinitionError, match="after its with block"):
        next(receiver)


# ---------------------------------------------------------------- errors


def test_the_first_error_reaches_the_owner_at_its_receive() -> None:
    def fails() -> Iterator[int]:
        yield 1
        raise KeyError("x")

    with Scope(deadline_s=LONG_S) as scope:
        receiver = scope.go(fails)
        with pytest.raises(KeyError):
            list(receiver)


def test_an_error_that_nobody_received_is_raised_at_leaving() -> None:
    def fails() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError), Scope(deadline_s=LONG_S) as scope:
        scope.start(fails)


def test_an_error_cancels_the_siblings_and_later_errors_are_notes() -> None:
    both = threading.Barrier(2)

    def fails_first() -> None:
        both.wait()
        raise ValueError("first")

    def fails_later() -> None:
        both.wait()
        current_scope().wait(3600)
        raise OSError("later")

    with pytest.raises(ValueError, match="first") as caught, Scope() as scope:
        scope.start(fails_first)
        scope.start(fails_later)

    assert ["then also: OSError: later"] == caught.value.__notes__


def test_an_error_of_the_block_keeps_the_threads_error_as_a_note() -> None:
    def fails() -> None:
        raise ValueError("thread")

    with pytest.raises(OSError, match="block") as caught, Scope() as scope:
        scope.start(fails)
        scope.wait(3600)
        raise OSError("block")

    assert ["meanwhile: ValueError: thread"] == caught.value.__notes__


def test_stop_iteration_of_a_function_is_not_taken_for_the_end() -> None:
    class Odd:
        def __iter__(self) -> Iterator[int]:
            raise StopIteration

    def stops() -> None:
        raise StopIteration

    with pytest.raises(RuntimeError, match="StopIteration"), Scope() as scope:
        list(scope.go(Odd))
    with pytest.raises(RuntimeError, match="StopIteration"), Scope() as scope:
        scope.start(stops)


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, MemoryError])
def test_what_ends_a_program_ends_it_from_a_thread_too(kind: type[BaseException]) -> None:
    def ends() -> None:
        raise kind

    with pytest.raises(kind), Scope() as scope:
        scope.start(ends)


def test_an_error_while_a_generator_is_closed_is_not_lost() -> None:
    def fails_at_the_end() -> Iterator[int]:
        try:
            yield from count()
        finally:
            raise OSError("while closing")

    with pytest.raises(OSError, match="while closing"), Scope() as scope:
        next(scope.go(fails_at_the_end))


# ---------------------------------------------------------------- nested scopes


def test_a_generator_may_open_a_scope_and_hand_its_results_on() -> None:
    def inside(received: Iterable[int]) -> Iterator[int]:
        with Scope() as inner:
            yield from inner.merge(inner.go(square, received), inner.go(square, received))

    with Scope(deadline_s=LONG_S, capacity=2) as scope:
        squares = list(scope.go(inside, scope.go(numbers, *range(200))))

    assert [number * number for number in range(200)] == sorted(squares)


def test_cancelling_reaches_a_scope_inside_a_thread() -> None:
    trace, is_open = Trace(), threading.Event()

    def inside() -> Iterator[int]:
        with Scope() as inner:
            is_open.set()
            yield from inner.go(trace, count())

    with Scope() as scope:
        scope.go(inside)
        is_open.wait()
        scope.cancel()

    assert trace.ends in ([], ["closed while sending", "finally"])


def test_a_nested_chain_that_nobody_reads_is_cancelled_at_leaving() -> None:
    trace = Trace()

    def inside() -> Iterator[int]:
        with Scope(capacity=1) as inner:
            yield from inner.go(trace, count())

    with Scope(deadline_s=LONG_S, capacity=1) as scope:
        scope.go(inside)

    assert ["closed while sending", "finally"] == trace.ends


def test_threads_of_an_inner_scope_may_drain_an_outer_channel_after_the_owner_left() -> None:
    seen: list[int] = []

    def inside(received: Iterable[int]) -> Iterator[int]:
        with Scope(capacity=1) as inner:
            seen.extend(inner.merge(inner.go(square, received), inner.go(square, received)))
        yield from ()

    with Scope(deadline_s=LONG_S, capacity=1) as scope:
        scope.go(inside, scope.go(numbers, *range(200)))

    assert [number * number for number in range(200)] == sorted(seen)


def test_an_error_in_an_inner_scope_wakes_its_owner_on_an_outer_channel() -> None:
    def silent() -> Iterator[int]:
        current_scope().wait(3600)
        yield 1

    def fails() -> None:
        raise ValueError("inner")

    def inside(received: Iterable[int]) -> Iterator[int]:
        with Scope() as inner:
            inner.start(fails)
            yield from received

    with pytest.raises(ValueError, match="inner"), Scope() as scope:
        list(scope.go(inside, scope.go(silent)))


def test_an_error_in_the_outer_scope_unwinds_the_inner_one_of_the_same_thread() -> None:
    def fails() -> None:
        raise ValueError("outer")

    with pytest.raises(ValueError, match="outer"), Scope() as outer:
        with Scope() as inner:
            waiting = inner.go(lambda: iter([current_scope().wait(3600)]))
            outer.start(fails)
            list(waiting)
        pytest.fail("the inner block ended as if nothing had happened")


def test_cancelling_an_inner_scope_leaves_the_outer_one_alone() -> None:
    with Scope(deadline_s=LONG_S) as outer:
        receiver = outer.go(numbers, 1, 2)
        with Scope() as inner:
            inner.go(count)
            inner.cancel()

        assert [1, 2] == list(receiver)


def test_a_thread_that_waits_on_a_strange_cancelled_channel_is_an_error() -> None:
    with Scope() as strange:
        receiver = strange.go(count)
        next(receiver)

    def copy() -> Iterator[int]:
        yield from islice(receiver, 3)

    with pytest.raises(RunError, match="another scope"), Scope(deadline_s=LONG_S) as scope:
        list(scope.go(copy))


def test_an_inner_scope_that_is_left_waits_for_what_the_outer_one_still_sends() -> None:
    seen: list[int] = []

    def later() -> Iterator[int]:
        current_scope().wait(0.05)  # by then the inner scope is being left
        yield from range(5)

    def keep(received: Iterable[int]) -> Iterator[int]:
        seen.extend(received)
        yield from ()

    def inside(received: Iterable[int]) -> Iterator[int]:
        with Scope() as inner:
            inner.go(keep, received)
        yield from ()

    with Scope(deadline_s=LONG_S) as scope:
        scope.go(inside, scope.go(later))

    assert list(range(5)) == seen


# ---------------------------------------------------------------- what a function sees


def test_a_function_outside_any_scope_is_never_cancelled() -> None:
    assert current_scope().cancelled is False
    assert current_scope().wait(0) is False


def test_a_function_sees_the_scope_that_runs_it() -> None:
    seen = []

    def look() -> None:
        seen.append(current_scope())

    with Scope() as outer:
        outer.start(look)
        with Scope() as inner:
            inner.start(look)
            assert current_scope() is inner
        assert current_scope() is outer
    assert current_scope() is not outer

    assert {outer, inner} == set(seen)


def test_wait_says_whether_the_scope_was_cancelled() -> None:
    with Scope() as scope:
        assert scope.wait(0) is False
        scope.cancel()
        assert scope.wait(3600) is True


# ---------------------------------------------------------------- deadlines


def test_a_deadline_ends_a_receive() -> None:
    def silent() -> Iterator[int]:
        current_scope().wait(3600)
        yield 1

    with pytest.raises(DeadlinePassed, match=r"0\.05 s"), Scope(deadline_s=0.05) as scope:
        list(scope.go(silent))


def test_a_deadline_ends_the_wait_at_leaving() -> None:
    def waits() -> None:
        while not current_scope().wait(3600):
            pass

    with pytest.raises(TimeoutError), Scope(deadline_s=0.05) as scope:
        scope.start(waits)


def test_a_scope_inside_another_has_at_most_its_deadline() -> None:
    with pytest.raises(DeadlinePassed), Scope(deadline_s=0.05), Scope(deadline_s=3600) as inner:
        inner.start(inner.wait, 3600)


def test_work_that_is_done_by_its_deadline_is_no_error() -> None:
    with Scope(deadline_s=0.01) as scope:
        scope.start(len, ())
        threading.Event().wait(0.02)


def test_a_stuck_thread_is_named_with_its_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scope_module, "UNWIND_S", 0.05)
    release, is_in = threading.Event(), threading.Event()
    before = set(threading.enumerate())

    def call_that_never_returns() -> None:
        is_in.set()
        release.wait()

    with pytest.raises(StuckWorker) as caught, Scope(deadline_s=0.05) as scope:
        scope.start(call_that_never_returns)
        is_in.wait()
    (stuck,) = set(threading.enumerate()) - before
    release.set()
    stuck.join()

    assert "'call_that_never_returns'" in str(caught.value)
    assert "release.wait()" in str(caught.value)
    assert stuck.daemon


def test_a_stuck_thread_that_comes_back_sends_nothing_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scope_module, "UNWIND_S", 0.05)
    release, trace = threading.Event(), Trace()
    before = set(threading.enumerate())

    def late() -> Iterator[int]:
        release.wait()
        yield 1

    with pytest.raises(StuckWorker), Scope(deadline_s=0.05) as scope:
        scope.go(trace, late())
    (stuck,) = set(threading.enumerate()) - before
    release.set()
    stuck.join()

    assert ["closed while sending", "finally"] == trace.ends
