"""Opening a pipeline: a thread for each worker, joined by channels, under one scope.

The source has a thread of its own that hands over record by record, so that a trickling source
holds nothing back; each segment of stages takes what is there, up to its grain. Memory: each
channel holds at most `CHANNEL_RECORDS` records and one block, each worker at most one hand of
`BLOCK_RECORDS`, and an ordered fan-in what `fanin` says.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from time import perf_counter
from typing import Any, Generic, TypeVar, cast

from .block import BLOCK_RECORDS, Block, Origin
from .buffers import Blocks, Hand, Records
from .channel import CHANNEL_RECORDS, Channel, Drained, Sender, Stopped
from .fanin import InOrder, Outlet, Straight
from .grain import Grain
from .meter import Report, StageMeter, Stopwatch, Tally
from .nodes import IterableRoot, Segment, Stage, segments
from .scope import Scope
from .stages import RULES, Run, flow

T_co = TypeVar("T_co", covariant=True)
_END: Any = object()


class Results(Generic[T_co]):
    """The results of an open pipeline, as they come; leave its `with` block to end it."""

    def __init__(self, line: _Line) -> None:
        self._line = line
        self._values: Iterator[Any] = iter(())

    def __iter__(self) -> Iterator[T_co]:
        return self

    def __next__(self) -> T_co:
        """Return the next result, waiting for it.

        Raises:
            Exception: What a stage's function or the source raised; all threads are cancelled.
            DeadlinePassed: If the deadline has passed.
        """
        while (value := next(self._values, _END)) is _END:
            try:
                self._values = iter(self._line.take())
            except Drained:
                raise StopIteration from None
        return cast("T_co", value)

    def stop(self) -> None:
        """Read no more from the source; what was read still comes to its end."""
        self._line.stop()

    @property
    def report(self) -> Report:
        """What the stages did until now; final once the `with` block is left."""
        return self._line.report()


@contextmanager
def opened(
    root: IterableRoot, stages: Sequence[Stage], *, deadline_s: float | None = None
) -> Iterator[Results[Any]]:
    """Run a pipeline while the block lasts; leaving it joins every thread.

    Raises:
        SpentSource: If the source can be read only once, and was. No thread was started.
    """
    root.claim()
    with Scope(deadline_s=deadline_s) as scope:
        line = _Line(scope, root, stages)
        try:
            yield Results(line)
        finally:
            line.end()


class _Line:
    """The threads and channels of one open pipeline."""

    def __init__(self, scope: Scope, root: IterableRoot, stages: Sequence[Stage]) -> None:
        self._scope = scope
        self._source = StageMeter("source")
        self._stages: list[StageMeter] = []
        self._consumer = StageMeter("consumer")
        self._consumed = self._consumer.tally()
        self._began = perf_counter()
        self._ended: float | None = None
        self._is_drained = False
        self._watch = Stopwatch()
        self._intake: Channel[Any, Hand] = scope.channel(Records(), CHANNEL_RECORDS)
        self._last = self._intake
        sender = self._intake.sender()
        for segment in segments(stages):
            self._last = self._add(segment, self._last)
        self._consumer.queue_peak = lambda: self._last.records_peak
        read = partial(_read, root, sender, self._source.tally())
        scope.launch("source", read, closing=sender)

    def _add(self, segment: Segment, before: Channel[Any, Hand]) -> Channel[Any, Hand]:
        """Start the workers of a segment; return the channel behind it."""
        behind = self._scope.channel(Blocks(), CHANNEL_RECORDS)
        meters = [StageMeter(stage.name, stage.workers) for stage in segment.stages]
        for meter in meters:
            meter.queue_peak = lambda: before.records_peak
        self._stages.extend(meters)
        is_straight = segment.workers == 1 or not segment.ordered
        outlet: Outlet = (
            Straight(behind) if is_straight else InOrder(self._scope, behind, segment.workers)
        )
        grain = Grain()
        for sender in [behind.sender() for _ in range(segment.workers)]:
            worker = _Worker(segment, before, outlet, grain, [meter.tally() for meter in meters])
            self._scope.launch(segment.name, worker.run, closing=sender)
        return behind

    def take(self) -> list[Any]:
        """Take results, waiting for the first; raises what `Channel.receive` raises."""
        self._consumed.busy += self._watch.lap()
        try:
            hand = self._last.receive(BLOCK_RECORDS)
        except Drained:
            self._is_drained = True
            raise
        finally:
            self._consumed.starved += self._watch.lap()
        self._consumed.records += len(hand.block)
        return hand.block.values

    def stop(self) -> None:
        """Close the source's channel."""
        self._intake.stop()

    def end(self) -> None:
        """Note that the consumer leaves; if it has not seen the end, everything is cancelled."""
        self._consumed.busy += self._watch.lap()
        self._ended = perf_counter()
        if not self._is_drained:
            self._scope.cancel()

    def report(self) -> Report:
        """Read all meters."""
        return Report(
            stages=tuple(meter.report() for meter in self._stages),
            source=self._source.report(),
            consumer=self._consumer.report(),
            elapsed_s=(self._ended or perf_counter()) - self._began,
            errors=tuple(self._scope.errors),
        )


def _read(root: IterableRoot, sender: Sender[Any], tally: Tally) -> None:
    """Read the source to its end, or until nobody wants more of it."""
    began = perf_counter()
    try:
        records = root.read()
        try:
            for record in records:
                sender.send(record)
                tally.records += 1
        except Stopped:
            pass
        finally:
            if isinstance(records, Generator):
                records.close()
    finally:
        tally.blocked = sender.blocked_s
        tally.busy = perf_counter() - began - tally.blocked


class _Worker:
    """One thread of a segment: takes records, runs them through the stages, hands results on."""

    def __init__(
        self,
        segment: Segment,
        before: Channel[Any, Hand],
        outlet: Outlet,
        grain: Grain,
        tallies: Sequence[Tally],
    ) -> None:
        self._before = before
        self._outlet = outlet
        self._grain = grain
        self._tallies = tallies
        self._fates = _FailFast()
        self._runs = [
            _metered(stage, self._fates, tally)
            for stage, tally in zip(segment.stages, tallies, strict=True)
        ]

    def run(self) -> None:
        """Work until nothing comes any more."""
        watch = Stopwatch()
        while True:
            self._outlet.admit()
            blocked_s = watch.lap()
            try:
                hand = self._before.receive(self._grain.records)
            except Drained:
                return
            starved_s = watch.lap()
            blocked_s += self._work_off(hand)
            self._note(starved_s=starved_s, blocked_s=blocked_s)
            watch.lap()

    def _work_off(self, hand: Hand) -> float:
        """Hand on what the stages make of some records; return the seconds spent waiting."""
        watch = Stopwatch()
        busy_s = blocked_s = 0.0
        with closing(flow(self._runs, hand.block, self._fates)) as blocks:
            for block in blocks:
                busy_s += watch.lap()
                self._outlet.emit(hand.number, block)
                blocked_s += watch.lap()
        busy_s += watch.lap()
        self._outlet.finish(hand.number, len(hand.block))
        self._grain.took(len(hand.block), busy_s)
        return blocked_s + watch.lap()

    def _note(self, *, starved_s: float, blocked_s: float) -> None:
        for tally in self._tallies:
            tally.starved += starved_s
            tally.blocked += blocked_s


def _metered(stage: Stage, fates: _FailFast, tally: Tally) -> Run:
    rule = RULES[type(stage)]
    grain = Grain()

    def run(block: Block[Any]) -> Iterator[Block[Any]]:
        tally.records += len(block)
        watch = Stopwatch()
        for piece in rule(stage, block, fates, grain):
            tally.busy += watch.lap()
            yield piece
            watch.lap()
        tally.busy += watch.lap()

    return run


class _FailFast:
    """The first failure is the end of the pipeline; nothing needs to be counted."""

    def failed(self, origin: Origin, stage: str, error: Exception) -> None:
        """Raise the function's own error, with the place in a note."""
        if isinstance(error, StopIteration):  # would end the generators it passes through
            raise RuntimeError(  # noqa: TRY004 - the function's fault, not a type's
                f"stage {stage!r} raised StopIteration at record {origin}"
            ) from error
        error.add_note(f"where: stage {stage}, record {origin} of the source, from 0")
        raise error

    def dropped(self, origin: Origin) -> None:
        """Nobody asks."""

    def born(self, origin: Origin, records: int) -> None:
        """Nobody asks."""

    def living(self, block: Block[Any]) -> Block[Any]:
        """Leave the block as it is: a failure ends everything."""
        return block
