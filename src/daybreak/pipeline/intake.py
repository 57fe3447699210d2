"""Where the hands of a stage's workers come from, and how many records they have.

Workers of an open pipeline take from the channel before them; those of a step from its chunks, see
`chunk_crew`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from .block import BLOCK_RECORDS
from .buffers import BYTES
from .channel import NothingYet
from .fanin import SLICES_PER_WORKER, AsReady, FanIn, InOrder
from .grain import HAND_S, PROCESS_HAND_S, Grain
from .hand import Hand
from .nodes import Stage
from .outlet import ChannelOutlet, Outlet
from .passing import Way, filled
from .running import Running
from .stages import Fates
from .watch import Watch


class Port(Protocol):
    """What workers know of the world around their stage."""

    grain: Grain
    workers: int
    """How many work on a hand."""

    @property
    def outlet(self) -> Outlet:
        """Where the results go."""
        ...

    def fetch(self, unless: Callable[[], bool] = bool) -> Hand:
        """Wait for a hand, with the lock held.

        Raises:
            Drained: If nothing will come any more.
            NothingYet: If the waiting was ended by `unless`.
        """
        ...

    def fetch_ready(self) -> Hand:
        """Return a hand that needs no waiting; with the lock held. Raises as `fetch` does."""
        ...

    def wake(self) -> None:
        """Have who waits in `fetch` ask `unless`; with the lock held."""

    def fates(self, hand: Hand, number: int) -> Sequence[Fates]:
        """Return of each stage who is told what becomes of the records of a slice."""
        ...

    def watch(self, hand: Hand) -> Watch | None:
        """Return who is told of each record."""


class Intake:
    """The port of workers between two channels.

    Args:
        stages: Their segment.
        before: Where the records come from.
        outlet: Where the results go: a hand is opened there before it is worked on.
        workers: How many work at first.
    """

    def __init__(
        self, stages: Sequence[Running], before: Way, outlet: ChannelOutlet, workers: int
    ) -> None:
        stage = stages[0].stage
        self.outlet = outlet
        self.workers = workers
        self.grain = Grain(PROCESS_HAND_S if stage.lane == "process" else HAND_S)
        self._before = before
        self._fates = [each.fates for each in stages]
        self._block = block_of(stage)
        self._linger_s = stage.linger_s

    def fetch(self, unless: Callable[[], bool] = bool) -> Hand:
        """Wait for room, then for records; with the lock held."""
        self.outlet.channel.await_room()
        slice_records = min(self.grain.records, self._block or BLOCK_RECORDS)
        if self._linger_s is None:
            block = self._before.receive(self._wanted(slice_records), unless=unless)
        else:
            block = filled(self._before, self._block or BLOCK_RECORDS, self._linger_s, unless)
        hand = Hand(block, slice_records)
        self.outlet.channel.put(hand)
        return hand

    def fetch_ready(self) -> Hand:
        """Take in what lies ready, if there is room; with the lock held."""
        if self._linger_s is not None or not self.outlet.channel.has_room:
            raise NothingYet
        return self.fetch(unless=lambda: True)

    def change(self, stages: Sequence[Running], outlet: ChannelOutlet) -> None:
        """Go on with fewer stages, and another way out."""
        self._fates = [each.fates for each in stages]
        self.outlet = outlet

    def wake(self) -> None:
        """Have who waits in `fetch` ask `unless`; with the lock held."""
        self._before.wake()

    def fates(self, _hand: Hand, _number: int) -> Sequence[Fates]:
        """Return of each stage what its failures mean."""
        return self._fates

    def watch(self, _hand: Hand) -> None:
        """Nobody watches the records of a pipeline without a job."""

    def _wanted(self, slice_records: int) -> int:
        most = max(self.workers, BYTES // self.outlet.fan_in.record_bytes)
        if self._block is not None or self.workers == 1:
            return min(slice_records, most)
        return min(BLOCK_RECORDS, slice_records * self.workers * SLICES_PER_WORKER, most)


def block_of(stage: Stage) -> int | None:
    """Return how many records may travel together; a call with a time limit travels alone."""
    return 1 if stage.timeout_s is not None else stage.block


def fan_in_of(running: Running, workers: int) -> FanIn:
    """Make what brings a stage's results together."""
    slices_max = SLICES_PER_WORKER * workers
    is_straight = workers == 1 or running.stage.ordered
    return InOrder(slices_max) if is_straight else AsReady(slices_max)
