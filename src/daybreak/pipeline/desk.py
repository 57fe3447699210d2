"""Where the workers of a stage get their next records: hands, fetched when they are needed.

Who finds nothing to claim fetches the next hand for all; nobody is told of a hand who has no part
in it. The number of workers who may work can be changed at any time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import Condition
from time import perf_counter
from typing import Final

from .channel import Drained, NothingYet
from .hand import Hand
from .scope import Scope
from .waiting import Cancelled

PASS_S: Final = 0.005
"""Seconds for which one worker may take hand after hand of quick records."""


class Desk:
    """The hands of one stage.

    Args:
        scope: Whose workers come here.
        fetch: Returns a new hand, waiting for it under the scope's lock, or raises `Drained`;
            `NothingYet` if it was woken.
        fetch_ready: Returns one that needs no waiting, or raises likewise.
        wake_fetcher: Wakes who waits in `fetch`.
        active: How many workers may work: those with a smaller number.
    """

    def __init__(
        self,
        scope: Scope,
        fetch: Callable[[], Hand],
        fetch_ready: Callable[[], Hand],
        wake_fetcher: Callable[[], None],
        active: int,
    ) -> None:
        self._scope = scope
        self._fetch = fetch
        self._fetch_ready = fetch_ready
        self._wake_fetcher = wake_fetcher
        self.active = active
        """How many workers may work."""

        self._hands: deque[Hand] = deque()  # with slices to claim, the next one first
        self._is_fetching = False
        self._is_drained = False
        self._is_passed = False  # whether it is the turn of one who waits to fetch
        self._passes = 0
        self._passed_at = 0.0
        self.waiting = 0
        """Workers who wait for somebody to fetch."""

        self._lock = scope.waits.lock
        self._changed = Condition(self._lock)
        self._parked = Condition(self._lock)
        self._working: set[int] = set()
        self.rested_s: dict[int, float] = {}
        """Of each worker, the seconds in which it might not work; not its waiting for records."""

    def claim(self, worker: int) -> tuple[Hand, int] | None:
        """Give a worker a slice of a hand, waiting for it; None when no more will come.

        Raises:
            Cancelled: If the scope was cancelled.
        """
        self._working.discard(worker)
        while True:
            if self._scope.is_cancelled:
                raise Cancelled
            if (claimed := self.claim_ready(worker)) is not None:
                self._working.add(worker)
                return claimed
            if not self._find_more(worker):
                return None

    def claim_ready(
        self, worker: int, is_wanted: Callable[[Hand], bool] | None = None
    ) -> tuple[Hand, int] | None:
        """Give a worker a slice without waiting, if there is one and he may work.

        Args:
            worker: Who asks; between two of his slices he is still at work.
            is_wanted: Which hands he can work on; all without it.
        """
        while self._hands and worker < self.active:
            try:
                hand = self._hands[0]
            except IndexError:  # somebody else has just removed it
                return None
            if is_wanted is not None and not is_wanted(hand):
                return None
            if (number := hand.claim()) is not None:
                if number and number == hand.half:
                    self.fetch_ahead()
                return hand, number
            with suppress(ValueError):  # somebody else has just done so
                self._hands.remove(hand)
        return None

    def fetch_ahead(self) -> None:
        """Take in the next hand while the last is worked on, if it lies ready: nobody has to wait.

        Where many workers wait for others most of the time, they would all come at once to where
        nothing is, to be woken one by one.
        """
        with self._lock:
            if not (self._is_fetching or self._is_drained or len(self._hands) > 1):
                with suppress(NothingYet, Drained):  # the next one who waits will see
                    self._hands.append(hand := self._fetch_ready())
                    self._changed.notify(hand.slices)

    def put_first(self, hand: Hand) -> None:
        """Take in what a worker gives back; it is claimed before all else."""
        with self._lock:
            self._hands.appendleft(hand)
            self._changed.notify(hand.slices)
            self._wake_fetcher()

    @property
    def has_hands(self) -> bool:
        """Whether there may be something to claim."""
        return bool(self._hands)

    def activate(self, workers: int) -> None:
        """Have so many workers work, and the others rest."""
        with self._lock:
            self.active = workers
            self._wake_all()

    def _find_more(self, worker: int) -> bool:
        """Fetch a hand, or wait until somebody has; return whether there may be more."""
        with self._lock:
            if self._hands and worker < self.active:
                return True
            if self._is_over:
                self._wake_all()
                return False
            if worker >= self.active:
                self._park(worker)
                return True
            if self._is_fetching or self._is_drained or self._is_passed:
                self._wait(worker)
                if self._hands or self._is_fetching or self._is_drained:
                    return True
            self._fetch_next()
            return True

    def _park(self, worker: int) -> None:
        """Rest; what was fetched, or nobody fetches, is now the affair of one who waits."""
        began = perf_counter()
        self._changed.notify()
        self._scope.wait_until(self._parked, lambda: self._is_over or worker < self.active)
        self.rested_s[worker] = self.rested_s.get(worker, 0.0) + perf_counter() - began

    def _fetch_next(self) -> None:
        self._is_fetching = True
        try:
            hand = self._fetch()
        except Drained:
            self._is_drained = True
        except NothingYet:  # somebody has given something back meanwhile
            pass
        else:
            self._hands.append(hand)
            self._pass_on(hand)
        finally:
            self._is_fetching = False

    def _pass_on(self, hand: Hand) -> None:
        """Wake workers for the slices, of whom one fetches the next hand.

        It is his turn: who comes back from work meanwhile, and holds the interpreter, would
        otherwise fetch hand after hand, and the others had nothing to do. To wake somebody for a
        single slice of quick records costs more than to work on it: then only now and then.
        """
        now = perf_counter()
        is_quick = hand.slices == 1 and hand.slice_records > 1
        if not self.waiting or (is_quick and now - self._passed_at < PASS_S):
            return
        self._passed_at = now
        self._is_passed = True
        self._passes += 1
        self._changed.notify(hand.slices)

    def _wait(self, worker: int) -> None:
        seen = self._passes
        self.waiting += 1
        try:
            self._scope.wait_until(self._changed, lambda: self._has_changed(worker, seen))
        finally:
            self.waiting -= 1
            self._is_passed = False
        if self._hands:
            self._changed.notify()  # somebody else may fetch

    @property
    def _is_over(self) -> bool:
        """Whether nothing will come: nor from those who work, and might give something back."""
        return self._is_drained and not self._working and not self._hands

    def _has_changed(self, worker: int, seen: int) -> bool:
        if self._hands or self._is_over or worker >= self.active:
            return True
        is_my_turn = not self._is_passed or self._passes > seen
        return is_my_turn and not (self._is_fetching or self._is_drained)

    def _wake_all(self) -> None:
        self._changed.notify_all()
        self._parked.notify_all()
