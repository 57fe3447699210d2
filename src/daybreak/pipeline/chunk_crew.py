"""The workers of one stage of a step, shared by all chunks that are in work.

A chunk's records are a hand like any other; its chunk worker orders it, and waits until all of it
has ended. So sixty-four workers are sixty-four, whatever the number of chunks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from threading import Condition
from typing import Any

from .block import BLOCK_RECORDS, Block, Origin, joined
from .buffers import LINGER_S_MAX, Items
from .channel import Channel, Ends
from .climbing import workers_of
from .crew import Crew
from .event_loop import EventLoop
from .grain import HAND_S, PROCESS_HAND_S, Grain
from .hand import Hand, Weighed
from .intake import block_of
from .leash import Leash
from .running import Running
from .scope import Scope
from .stages import Fates
from .waiting import Cancelled
from .watch import Watch


class CrewPart:
    """One stage with workers, as a chunk sees it.

    Args:
        scope: Whose threads the workers are.
        running: The stage.
        loop: Where they run if its function is async.
        alone: Whether there is to be one worker only.
    """

    def __init__(self, scope: Scope, running: Running, loop: EventLoop, *, alone: bool) -> None:
        if alone:
            running = replace(running, stage=replace(running.stage, workers=1))
        workers, most = workers_of(running.stage)
        self._orders: Channel[Order, Order] = scope.channel(Items())
        self._sender = self._orders.sender()
        self._port = _ChunkPort(scope, running, self._orders, workers)
        if running.stage.lane == "async":
            from .async_crew import AsyncCrew  # noqa: PLC0415 - asyncio is heavy

            loop.add(AsyncCrew(scope, running, self._port, most).run, Ends())
        else:
            Crew(scope, [running], self._port, most).start()

    def pass_on(self, block: Block[Any], fates: Fates, watch: Watch | None) -> Block[Any]:
        """Have the workers work on the records of a chunk, and wait until they have."""
        if not len(block):
            return block
        order = Order(block, self._port.slice_records, watch)
        self._sender.send(order)
        self._port.outlet.await_end(order)
        pieces: list[Block[Any]] = []
        for heard, results in order.results():
            heard.tell(fates)
            pieces.extend(results)
        return joined(pieces)

    def close(self) -> None:
        """Say that no chunk will come any more."""
        self._sender.close()


class Order(Hand):
    """The records of a chunk, and what was told of each slice, until it can be told in order."""

    __slots__ = ("_is_over", "heard", "watch")

    def __init__(self, block: Block[Any], slice_records: int, watch: Watch | None) -> None:
        super().__init__(block, slice_records)
        self.watch = watch
        self.heard = [Heard() for _ in range(self.slices)]
        self._is_over = False

    def end(self, number: int) -> bool:
        """Say that a slice has no more results; return whether it was the last to end."""
        return self._note(is_last=super().end(number))

    def end_alone(self, number: int, results: list[Any]) -> bool:
        """Put in the results of a slice of one record; return whether it was the last to end."""
        return self._note(is_last=super().end_alone(number, results))

    def _note(self, *, is_last: bool) -> bool:
        if is_last:
            self._is_over = True
        return is_last

    @property
    def is_done(self) -> bool:
        """Whether all of it has ended, also what workers gave back."""
        return self._is_over and all(rest.is_done for rest in self._rests())

    def results(self) -> Iterator[tuple[Heard, Sequence[Block[Any]]]]:
        """Give of each slice what was told, and its results, in the order of the records."""
        for number, heard in enumerate(self.heard):
            yield heard, self._blocks(number)
            rest = self.rests.get(number)
            if isinstance(rest, Order):
                yield from rest.results()

    def _blocks(self, number: int) -> list[Block[Any]]:
        blocks = []
        while self.pieces[number]:
            blocks.append(self.take(number, BLOCK_RECORDS).block)
        return blocks

    def _rests(self) -> list[Order]:
        return [rest for rest in list(self.rests.values()) if isinstance(rest, Order)]


class _ChunkPort:
    """The port of workers that serve chunks: see `intake.Port`."""

    def __init__(
        self, scope: Scope, running: Running, orders: Channel[Order, Order], workers: int
    ) -> None:
        self.outlet = _ChunkOutlet(scope)
        self.workers = workers
        self.grain = Grain(PROCESS_HAND_S if running.stage.lane == "process" else HAND_S)
        self._orders = orders
        self._block = block_of(running.stage)

    @property
    def slice_records(self) -> int:
        """How many records a worker takes at once."""
        return min(self.grain.records, self._block or self.grain.records)

    def fetch(self, unless: Callable[[], bool] = bool) -> Hand:
        """Wait for a chunk, with the lock held."""
        return self._orders.receive(unless=unless)

    def fetch_ready(self) -> Hand:
        """Take a chunk that is there already; with the lock held."""
        return self._orders.receive(unless=lambda: True)

    def wake(self) -> None:
        """Have who waits in `fetch` ask `unless`; with the lock held."""
        self._orders.wake()

    def fates(self, hand: Hand, number: int) -> Sequence[Fates]:
        """Return who keeps what is told of a slice."""
        assert isinstance(hand, Order), "only chunks come this way"
        return [hand.heard[number]]

    def watch(self, hand: Hand) -> Watch | None:
        """Return who is told of each record."""
        assert isinstance(hand, Order), "only chunks come this way"
        return hand.watch


class _ChunkOutlet:
    """Keeps results in their hands: see `outlet.Outlet`."""

    def __init__(self, scope: Scope) -> None:
        self.leashes: list[Leash] = []
        self._scope = scope
        self._ended = Condition(scope.waits.lock)

    def await_end(self, order: Order) -> None:
        """Wait until all of an order has ended, cutting loops short that turn slow.

        Raises:
            Cancelled: If the scope was cancelled; to its owner, the error that cancelled it.
        """
        with self._ended:
            while not order.is_done:
                self._scope.wait_until(
                    self._ended, lambda: order.is_done, within_s=LINGER_S_MAX, for_user=True
                )
                for leash in self.leashes:
                    leash.cut_if_slow()

    def sender(self) -> Ends:
        """Nothing is closed when a worker ends."""
        return Ends()

    def may_add(self, _hand: Hand, _number: int) -> bool:
        """All results of a chunk are kept."""
        return True

    def when_written(self, callback: Callable[[], object]) -> None:
        """Nobody has to wait."""

    def tell(self) -> None:
        """Nobody wants a part of the results."""

    def add(self, hand: Hand, number: int, piece: Block[Any]) -> float:
        """Put results in the place of their slice."""
        if self._scope.is_cancelled:
            raise Cancelled
        hand.add(number, Weighed(piece, 0))
        return 0.0

    def end(self, hand: Hand, number: int) -> None:
        """Say that a slice has no more results; the last of an order wakes who ordered it."""
        if hand.end(number):
            with self._ended:
                self._ended.notify_all()

    def end_alone(self, hand: Hand, number: int, results: list[Any]) -> None:
        """Put in the results of a slice of one record."""
        if hand.end_alone(number, results):
            with self._ended:
                self._ended.notify_all()

    def tell_at_times(self, now: float) -> None:
        """Nobody wants a part of the results."""

    def give_back(self, hand: Hand, number: int, rest: Block[Any]) -> Hand:
        """Make an order, behind a slice that has not ended, of what its worker has not begun."""
        assert isinstance(hand, Order), "only chunks come this way"
        given = Order(rest, 1, hand.watch)
        hand.rests[number] = given
        return given


class Heard:
    """What was said of records in another thread, until it can be told in source order."""

    def __init__(self) -> None:
        self._calls: list[Callable[[Fates], None]] = []

    def failed(self, origin: Origin, stage: str, error: Exception) -> None:
        """Keep it."""
        self._calls.append(lambda fates: fates.failed(origin, stage, error))

    def dropped(self, origin: Origin) -> None:
        """Keep it."""
        self._calls.append(lambda fates: fates.dropped(origin))

    def born(self, origin: Origin, records: int) -> None:
        """Keep it."""
        self._calls.append(lambda fates: fates.born(origin, records))

    def living(self, block: Block[Any]) -> Block[Any]:
        """Leave the block as it is, until all is told."""
        return block

    def tell(self, fates: Fates) -> None:
        """Tell all of it."""
        for call in self._calls:
            call(fates)
