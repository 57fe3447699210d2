"""Where the workers of a stage put their results: into their hands, seldom waking anybody.

To wake the next stage costs more than to make a result, so it is told of results once in a while,
and looks by itself if it starves.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any, Final, Protocol

from .block import Block
from .channel import Channel, Ends
from .fanin import FanIn
from .hand import Hand, Weighed
from .leash import Leash
from .scope import Scope
from .waiting import Cancelled
from .weight import weigh

TELL_S: Final = 0.003
"""Results that are due are told of at most so often."""


class Outlet(Protocol):
    """The way out of one stage, shared by its workers."""

    @property
    def leashes(self) -> list[Leash]:
        """Of each worker the loop that it runs, for those who starve."""
        ...

    def sender(self) -> Ends:
        """Return what a worker closes at its end."""
        ...

    def may_add(self, hand: Hand, number: int) -> bool:
        """Say whether results can be added without waiting."""
        ...

    def when_written(self, callback: Callable[[], object]) -> None:
        """Have somebody called, once and under the lock, when `may_add` may have changed."""

    def tell(self) -> None:
        """Wake those who wait for results."""

    def add(self, hand: Hand, number: int, piece: Block[Any]) -> float:
        """Add some results of a slice; return the seconds waited until they fit.

        Raises:
            Cancelled: If the scope was cancelled.
        """
        ...

    def end(self, hand: Hand, number: int) -> None:
        """Say that a slice has no more results."""

    def end_alone(self, hand: Hand, number: int, results: list[Any]) -> None:
        """Add the results of a slice of one record, and end it; nobody is told, but at the last."""

    def tell_at_times(self, now: float) -> None:
        """Wake those who wait for results, unless that was just done."""

    def give_back(self, hand: Hand, number: int, rest: Block[Any]) -> Hand:
        """Make a hand, behind a slice that has not ended, of what its worker has not begun."""
        ...


class ChannelOutlet:
    """The way out into a channel, by which the next stage takes."""

    def __init__(self, scope: Scope, fan_in: FanIn) -> None:
        self.fan_in = fan_in
        self.channel: Channel[Hand, Block[Any]] = scope.channel(fan_in)
        self.leashes = fan_in.leashes
        self._scope = scope
        self._lock = scope.waits.lock
        self._told = 0.0

    def sender(self) -> Ends:
        """Return what a worker closes at its end."""
        return Ends(self.channel.sender())

    def may_add(self, hand: Hand, number: int) -> bool:
        """Say whether few results of the slice wait."""
        return self.fan_in.may_add(hand, number)

    def when_written(self, callback: Callable[[], object]) -> None:
        """Have somebody called when results were taken."""
        self.channel.when_written(callback)

    def tell(self) -> None:
        """Wake those who wait for results, if there are any."""
        self.channel.tell()

    def add(self, hand: Hand, number: int, piece: Block[Any]) -> float:
        """Add some results of a slice; return the seconds waited until they fit."""
        waited_s = 0.0
        size = weigh(piece.values)
        with self._lock:
            if self._scope.is_cancelled:
                raise Cancelled
            if not self.fan_in.may_add(hand, number):
                waited_s = self._await_turn(hand, number)
            if not hand.is_weighed:
                self.fan_in.weighed(hand, max(1, size // len(piece)))
            self.fan_in.add(hand, number, Weighed(piece, size))
        self.tell_at_times(perf_counter())
        return waited_s

    def end_alone(self, hand: Hand, number: int, results: list[Any]) -> None:
        """Add the results of a slice of one record, and end it."""
        if not hand.is_weighed and results:
            hand.is_weighed = True  # at once, or all workers would come to the lock
            with self._lock:
                self.fan_in.weighed(hand, max(1, weigh(results)))
        if self.fan_in.end_alone(hand, number, results):
            self.channel.tell()

    def tell_at_times(self, now: float) -> None:
        """Wake those who wait for results, unless that was just done."""
        if now - self._told > TELL_S:
            self._told = now
            self.channel.tell()

    def end(self, hand: Hand, number: int) -> None:
        """Say that a slice has no more results."""
        if self.fan_in.end(hand, number):
            self.tell_at_times(perf_counter())

    def give_back(self, hand: Hand, number: int, rest: Block[Any]) -> Hand:
        """Open a hand for what a worker has not begun."""
        given = Hand(rest, 1)
        with self._lock:
            self.fan_in.put_rest(hand, number, given)
        return given

    def _await_turn(self, hand: Hand, number: int) -> float:
        started = perf_counter()
        self.channel.tell()
        self.channel.await_turn(lambda: self.fan_in.may_add(hand, number))
        return perf_counter() - started
