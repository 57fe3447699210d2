"""Opening a pipeline: threads for its workers, joined by channels, under one scope.

Each node of the pipeline becomes threads and a channel behind them: a source reads blocks as large
as it is fast, a segment of stages has a desk where its workers claim slices, a fan-in that brings
their results into order. Memory: a channel holds what `buffers` and `fanin` say, whatever the
speeds; a worker holds one slice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import chain
from time import perf_counter, process_time
from typing import Any, Final, Generic, TypeVar

from .block import BLOCK_RECORDS
from .buffers import Blocks
from .channel import Drained, Ends
from .crew import start_crew
from .endings import end_within, when_cancelled
from .event_loop import EventLoop
from .interrupts import Interrupts, interruptible
from .leash import Leash
from .meter import StageMeter, Stopwatch
from .nodes import Group, Inner, IterableRoot, Merge, Node, Root, Split, label_of, roots_in
from .passing import Way, forward_blocks, group_up, part_ways
from .reading import Reader
from .report import Report
from .running import running
from .scope import Scope
from .segments import Segment, segments

T_co = TypeVar("T_co", covariant=True)
STOP_S: Final = 30.0
"""Seconds that stages have to drain after a stop, unless it says otherwise."""


class Results(Generic[T_co]):
    """The results of an open pipeline, as they come; leave its `with` block to end it."""

    def __init__(self, net: _Net) -> None:
        self._net = net
        self._values: Iterator[Any] = chain.from_iterable(net.blocks())

    def __iter__(self) -> Iterator[T_co]:
        """Iterate over the results that nobody has taken yet.

        Raises:
            Exception: What a stage's function or the source raised; all threads are cancelled.
            DeadlinePassed: If the deadline has passed.
        """
        return self._values  # in C, and not by a call of ours for each result

    def __next__(self) -> T_co:
        """Return the next result, waiting for it; raises what iterating raises."""
        return next(self._values)  # type: ignore[no-any-return]

    def stop(self, *, within_s: float = STOP_S) -> None:
        """Read no more from the sources; what was read still comes to its end.

        Args:
            within_s: Seconds after which what has not come to its end is cancelled, and
                `DeadlinePassed` raised.
        """
        self._net.stop(within_s)

    @property
    def report(self) -> Report:
        """What the stages did until now; final once the `with` block is left."""
        return self._net.report()


@contextmanager
def opened(
    nodes: Sequence[Node], *, deadline_s: float | None = None, fused: bool = True
) -> Iterator[Results[Any]]:
    """Run a pipeline while the block lasts; leaving it joins every thread.

    Args:
        nodes: A root that can be read without a job, and what follows.
        deadline_s: Seconds after which everything is cancelled.
        fused: Whether cheap neighbours share a thread.

    Raises:
        KeyboardInterrupt: If Ctrl-C stopped it; what was read has come to its end.
        SystemExit: If SIGTERM stopped it; likewise.
        SpentSource: If a source can be read only once, and was. No thread was started.
    """
    scope = Scope(deadline_s=deadline_s)
    _claim(nodes)
    with scope:
        net = _Net(scope, nodes, fused=fused)
        with interruptible(partial(net.stop, STOP_S)) as interrupts:
            net.interrupts = interrupts
            try:
                yield Results(net)
            finally:
                net.end()


def _claim(nodes: Sequence[Node]) -> None:
    """Announce the opening to all sources; if one refuses, none has noticed."""
    with ExitStack() as undoing:
        for root in roots_in(nodes):
            assert isinstance(root, IterableRoot), "refused before"
            root.claim()
            undoing.callback(root.unclaim)
        undoing.pop_all()


class _Net:
    """The threads and channels of one open pipeline."""

    def __init__(self, scope: Scope, nodes: Sequence[Node], *, fused: bool) -> None:
        self.interrupts: Interrupts | None = None
        self._scope = scope
        self._is_fused = fused
        self._loop = EventLoop(scope)
        self._sources: list[StageMeter] = []
        self._readers: list[tuple[str, Reader, Ends]] = []
        self._stages: list[StageMeter] = []
        self._consumer = StageMeter("consumer")
        self._consumed = self._consumer.tally()
        self._began = perf_counter()
        self._began_cpu = process_time()
        self._ended: float | None = None
        self._ended_cpu: float | None = None
        self._is_drained = False
        self._watch = Stopwatch()
        self._last = self._chain(nodes)
        self._consumer.ahead = self._last
        self._loop.launch()
        self._launch_readers()

    # ------------------------------------------------------------ building

    def _chain(self, nodes: Sequence[Node]) -> Way:
        """Build a root and what follows."""
        root = nodes[0]
        assert isinstance(root, IterableRoot), "refused when it was opened"
        inner: list[Inner] = [node for node in nodes[1:] if not isinstance(node, Root)]
        return self._follow(self._source(root), inner)

    def _follow(self, way: Way, inner: Sequence[Inner]) -> Way:
        """Build what follows a way."""
        for part in segments(inner, fused=self._is_fused):
            way = self._add(part, way)
        return way

    def _source(self, root: IterableRoot) -> Way:
        buffer = Blocks()
        way = self._scope.channel(buffer)
        meter = StageMeter(label_of(root.items))
        self._sources.append(meter)
        reader = Reader(self._scope, root, way, buffer, meter.tally())
        self._readers.append((f"source {meter.name}", reader, Ends(way.sender())))
        return way

    def _launch_readers(self) -> None:
        """Begin to read, with all else in place: what fails is raised from the results."""
        with self._scope.waits.lock:  # none goes ahead of the others
            for name, reader, ends in self._readers:
                self._scope.launch(name, reader.run, closing=ends)

    def _add(self, part: Segment | Inner, way: Way) -> Way:
        """Build one segment of stages, or one node that is none."""
        if isinstance(part, Segment):
            return self._add_stages(part, way)
        if isinstance(part, Group):
            return self._add_group(part, way)
        if isinstance(part, Split):
            return self._add_split(part, way)
        assert isinstance(part, Merge), "there is no other node"
        return self._merged([way, *(self._chain(other) for other in part.others)])

    def _add_stages(self, segment: Segment, way: Way) -> Way:
        stages = [running(stage) for stage in segment.stages]
        for each in stages:
            each.meter.ahead = way
            self._stages.append(each.meter)
        if stages[0].stage.lane == "async":
            from .async_crew import start_async_crew  # noqa: PLC0415 - asyncio is heavy

            return start_async_crew(self._scope, stages[0], way, self._loop)
        return start_crew(self._scope, stages, way)

    def _add_group(self, group: Group, way: Way) -> Way:
        behind = self._scope.channel(Blocks())
        sender = behind.sender()
        tally = self._meter_of(group.name, way).tally()
        self._scope.launch(
            group.name, partial(group_up, group, way, sender, tally), closing=Ends(sender)
        )
        return behind

    def _add_split(self, split: Split, way: Way) -> Way:
        leash = Leash()
        ways = (self._scope.channel(Blocks([leash])), self._scope.channel(Blocks([leash])))
        senders = (ways[0].sender(), ways[1].sender())
        when_cancelled(self._scope, leash.cancel)
        tally = self._meter_of(split.name, way).tally()
        part = partial(part_ways, split, way, senders, leash, tally)
        self._scope.launch(split.name, part, closing=Ends(*senders))
        branches = zip(ways, (split.then, split.otherwise), strict=True)
        return self._merged([self._follow(branch, inner) for branch, inner in branches])

    def _merged(self, ways: Sequence[Way]) -> Way:
        behind = self._scope.channel(Blocks())
        senders = [behind.sender() for _ in ways]  # all of them, before one can close
        for way, sender in zip(ways, senders, strict=True):
            forward = partial(forward_blocks, way, sender)
            self._scope.launch("merge", forward, closing=Ends(sender))
        return behind

    def _meter_of(self, name: str, way: Way) -> StageMeter:
        meter = StageMeter(name)
        meter.ahead = way
        self._stages.append(meter)
        return meter

    # ------------------------------------------------------------ running

    def blocks(self) -> Iterator[list[Any]]:
        """Give the results block by block; raises what `Channel.receive` raises."""
        while True:
            self._consumed.busy += self._watch.lap()
            try:
                block = self._last.receive(BLOCK_RECORDS)
            except Drained:
                self._is_drained = True
                if self.interrupts is not None:
                    self.interrupts.raise_if_heard()
                return
            finally:
                self._consumed.starved += self._watch.lap()
            self._consumed.records += len(block)
            yield block.values

    def stop(self, within_s: float) -> None:
        """Close the sources' channels, and have what was read come to its end."""
        end_within(self._scope, within_s)
        for _, reader, _ in self._readers:
            reader.stop()

    def end(self) -> None:
        """Note that the consumer leaves; if it has not seen the end, everything is cancelled."""
        self._consumed.busy += self._watch.lap()
        self._ended = perf_counter()
        self._ended_cpu = process_time()
        if not self._is_drained:
            self._scope.cancel()

    def report(self) -> Report:
        """Read all meters."""
        return Report(
            stages=tuple(meter.report() for meter in self._stages),
            sources=tuple(meter.report() for meter in self._sources),
            consumer=self._consumer.report(),
            elapsed_s=(self._ended or perf_counter()) - self._began,
            cpu_s=(self._ended_cpu or process_time()) - self._began_cpu,
            errors=(*self._scope.errors, *(e for meter in self._stages for e in meter.errors)),
        )
