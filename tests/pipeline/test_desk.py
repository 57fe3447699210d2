"""Where workers get their records: who fetches, who waits, who rests, and how it ends."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Condition
from typing import TypeAlias

import pytest

from daybreak.pipeline import Block, Cancelled, Scope, desk
from daybreak.pipeline.channel import Drained, NothingYet
from daybreak.pipeline.desk import Desk
from daybreak.pipeline.hand import Hand

LONG_S = 30.0  # a deadline that only a deadlock reaches


class Supply:
    """Hands for a desk, given by the test; fetched under the scope's lock, as a channel's are."""

    def __init__(self, scope: Scope, active: int = 8) -> None:
        self.desk = Desk(scope, self._fetch, self._fetch_ready, self._wake, active)
        self.fetches = 0
        self.fetching_at_once = 0
        self._scope = scope
        self._hands: list[Hand | None] = []
        self._changed = Condition(scope.waits.lock)
        self._is_woken = False

    def give(self, records: int = 1, slice_records: int = 1) -> Hand:
        hand = Hand(Block(list(range(records)), range(records)), slice_records)
        with self._changed:
            self._hands.append(hand)
            self._changed.notify_all()
        return hand

    def end(self) -> None:
        with self._changed:
            self._hands.append(None)
            self._changed.notify_all()

    def _fetch(self) -> Hand:
        self.fetches += 1
        self.fetching_at_once += 1
        assert self.fetching_at_once == 1, "one fetches for all"
        try:
            self._scope.wait_until(self._changed, lambda: bool(self._hands) or self._is_woken)
        finally:
            self.fetching_at_once -= 1
        if not self._hands:
            self._is_woken = False
            raise NothingYet
        if (hand := self._hands[0]) is None:
            raise Drained
        return self._hands.pop(0) or hand

    def _fetch_ready(self) -> Hand:
        if not self._hands:
            raise NothingYet
        return self._fetch()

    def _wake(self) -> None:
        self._is_woken = True
        self._changed.notify_all()


Claims: TypeAlias = "SimpleQueue[tuple[int, Hand | None, int | None]]"
"""Who claimed which slice of which hand; none of a hand if nothing will come."""


def worker(supply: Supply, number: int, claimed: Claims) -> Callable[[], None]:
    def work() -> None:
        while (claim := supply.desk.claim(number)) is not None:
            claimed.put((number, *claim))
        claimed.put((number, None, None))

    return work


def await_true(is_true: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + LONG_S
    while not is_true():
        assert time.monotonic() < ends_at
        time.sleep(0.001)


def test_every_slice_of_every_hand_is_claimed_once_and_then_all_go_home() -> None:
    claimed: Claims = SimpleQueue()
    with Scope(deadline_s=LONG_S) as scope:
        supply = Supply(scope)
        hands = [supply.give(20), supply.give(7), supply.give(1)]
        supply.end()
        for number in range(5):
            scope.start(worker(supply, number, claimed))
    told = [claimed.get_nowait() for _ in range(28 + 5)]

    slices = [(id(hand), number) for _, hand, number in told if hand is not None]
    assert sorted((id(hand), number) for hand in hands for number in range(hand.slices)) == (
        sorted(slices)
    )
    assert {0, 1, 2, 3, 4} == {who for who, hand, _ in told if hand is None}


def test_hands_are_claimed_in_their_order() -> None:
    claimed: Claims = SimpleQueue()
    with Scope(deadline_s=LONG_S) as scope:
        supply = Supply(scope)
        hands = [supply.give(2), supply.give(2)]
        supply.end()
        scope.start(worker(supply, 0, claimed))

    assert [(0, hands[0], 0), (0, hands[0], 1), (0, hands[1], 0), (0, hands[1], 1)] == [
        claimed.get_nowait() for _ in range(4)
    ]


def test_workers_that_wait_get_what_comes() -> None:
    claimed: Claims = SimpleQueue()
    with Scope(deadline_s=LONG_S) as scope:
        supply = Supply(scope)
        for number in range(3):
            scope.start(worker(supply, number, claimed))
        for _ in range(50):
            hand = supply.give(3)
            assert {0, 1, 2} == {claimed.get(timeout=LONG_S)[2] for _ in range(3)}
            assert hand.claim() is None
        supply.end()


def test_what_is_given_back_comes_first_and_wakes_those_who_wait() -> None:
    """Its worker may go home only when nobody can give back any more."""
    first_claimed = threading.Event()
    give_back = threading.Event()
    rest = Hand(Block([1, 2], range(2)), 1)
    claimed: Claims = SimpleQueue()
    with Scope(deadline_s=LONG_S) as scope:
        supply = Supply(scope)

        def gives_back() -> None:
            assert supply.desk.claim(0) is not None
            first_claimed.set()
            assert give_back.wait(LONG_S)
            supply.desk.put_first(rest)
            worker(supply, 0, claimed)()

        scope.start(gives_back)
        supply.give(1)
        assert first_claimed.wait(LONG_S)
        supply.end()
        scope.start(worker(supply, 1, claimed))
        give_back.set()
    told = [claimed.get_nowait() for _ in range(4)]

    assert [0, 1] == sorted(
        number for _, hand, number in told if hand is rest and number is not None
    )
    assert 2 == sum(hand is None for _, hand, _ in told)


def test_a_fetcher_is_woken_for_what_is_given_back() -> None:
    claimed: Claims = SimpleQueue()
    with Scope(deadline_s=LONG_S) as scope:
        supply = Supply(scope)
        scope.start(worker(supply, 0, claimed))
        rest = Hand(Block([1], range(1)), 1)
        supply.desk.put_first(rest)

        assert (0, rest, 0) == claimed.get(timeout=LONG_S)
        supply.end()


def test_workers_beyond_the_active_ones_rest_and_go_home_with_the_others() -> None:
    claimed: Claims = SimpleQueue()
    with Scope(deadline_s=LONG_S) as scope:
        supply = Supply(scope, active=1)
        for number in range(3):
            scope.start(worker(supply, number, claimed))
        supply.give(30)
        assert {0} == {claimed.get(timeout=LONG_S)[0] for _ in range(30)}
        supply.end()
    told = [claimed.get_nowait() for _ in range(3)]

    assert {0, 1, 2} == {who for who, _, _ in told}


def test_a_worker_that_rested_works_once_it_may() -> None:
    claimed: Claims = SimpleQueue()
    with Scope(deadline_s=LONG_S) as scope:
        supply = Supply(scope, active=1)
        scope.start(worker(supply, 1, claimed))  # the only one, and not active
        hand = supply.give(1)
        with pytest.raises(Empty):
            claimed.get(timeout=0.05)
        supply.desk.activate(2)

        assert (1, hand, 0) == claimed.get(timeout=LONG_S)
        supply.end()


def test_what_a_worker_has_fetched_that_must_rest_goes_to_one_who_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Quick records are not told of, since their fetcher takes them; but this one may not."""
    monkeypatch.setattr(desk, "PASS_S", math.inf)
    first, second = SimpleQueue(), SimpleQueue()  # type: Claims, Claims
    with Scope(deadline_s=LONG_S) as scope:
        supply = Supply(scope, active=2)
        scope.start(worker(supply, 1, second))
        supply.give(2, slice_records=2)
        assert second.get(timeout=LONG_S)[2] == 0  # and the next hand that is quick is not told of
        await_true(lambda: supply.fetching_at_once == 1)
        scope.start(worker(supply, 0, first))
        await_true(lambda: supply.desk.waiting == 1)
        supply.desk.activate(1)
        hand = supply.give(2, slice_records=2)

        assert (0, hand, 0) == first.get(timeout=LONG_S)
        supply.end()


def test_the_next_hand_is_there_before_the_last_is_used_up() -> None:
    with Scope(deadline_s=LONG_S) as scope:
        supply = Supply(scope)
        first, second = supply.give(4), supply.give(2)
        claims = [supply.desk.claim(0) for _ in range(3)]
        fetches_at_half = supply.fetches
        claims += [supply.desk.claim(0) for _ in range(3)]

        assert [(first, 0), (first, 1), (first, 2)] == claims[:3]
        assert 2 == fetches_at_half
        assert [(first, 3), (second, 0), (second, 1)] == claims[3:]
        assert 2 == supply.fetches, "nothing lies ready at half of the second: nobody waits for it"


def test_a_cancellation_ends_all_who_wait_and_who_come() -> None:
    ended: SimpleQueue[int] = SimpleQueue()
    with Scope(deadline_s=LONG_S) as scope:
        supply = Supply(scope, active=2)

        def claim(number: int) -> None:
            try:
                supply.desk.claim(number)
            except Cancelled:
                ended.put(number)
                raise

        for number in range(4):
            scope.start(claim, number)
        scope.cancel()
    with pytest.raises(Cancelled):
        supply.desk.claim(0)

    assert [0, 1, 2, 3] == sorted(ended.get_nowait() for _ in range(4))
