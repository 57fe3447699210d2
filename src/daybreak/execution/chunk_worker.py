"""A chunk worker: takes ranges, and brings each from its source to its commit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

from ..abc import ChunkWriter, Clock, ComputingSink, RawSink
from ..faultpoints import hit
from ..model.chunk import ChunkInput
from ..model.deaths import Work
from ..model.ownership import Ownership, Pass
from ..model.ranges import Range
from ..pipeline import Block, Carried, Carrier, Receiver, Scope
from .bad_budget import BadBudget
from .carried_bytes import Carry, carried_bytes
from .committer import Committed, Committer
from .computing import computed_draft
from .draft import Draft, draft_of
from .in_flight import InFlight
from .pace import Pace
from .patience import MAY_PASS, Patience
from .pieces import TooSlow
from .plan import ChunkedPlan
from .raw_units import RawUnits, raw_draft_of
from .record_watch import ChunkWatch, RecordTimer, watched
from .second_try import again
from .still_heap import still_heap
from .stop_request import StopRequest
from .sweeping import look_of


@dataclass(frozen=True, slots=True)
class Drafted:
    """A range that was read and computed, on its way to whoever writes it."""

    part: Range
    draft: Draft
    began_s: float
    is_last: bool
    """Of the range that was planned."""

    in_hand: ExitStack
    """Closed when the range is committed, or has failed."""


@dataclass(frozen=True, slots=True)
class ChunkWorker:
    """What all workers of a step share; each call of `work` is one of them."""

    plan: ChunkedPlan
    of: Pass
    ownership: Ownership
    budget: BadBudget
    clock: Clock
    carrier: Carrier
    """The stages, with the workers that all chunks share."""

    stop: StopRequest
    in_flight: InFlight
    patience: Patience
    pace: Pace
    timer: RecordTimer | None = None
    """For steps with `record_timeout_s`."""

    def committer(self, writer: ChunkWriter, pace: Pace | None = None) -> Committer:
        """Make the committer of one worker; without a pace it breaks no transaction off."""
        return Committer(
            writer,
            self.plan.sink,
            self.of,
            epoch=self.ownership.epoch,
            budget=self.budget,
            clock=self.clock,
            patience=self.patience,
            look=look_of(self.plan),
            pace=pace,
        )

    def work(self, parts: Iterable[Range], number: int = 0) -> Iterator[Committed]:
        """Commit one range after the other; a generator, so that its yield hands the result on.

        Args:
            parts: The ranges, shared with the other workers.
            number: The worker's, from 0: it works when the pace wants so many.
        """
        with still_heap(), self.plan.target.writer(self.ownership) as writer:
            committer = self.committer(writer, self.pace)
            waiting = iter(parts)
            while self.pace.has_turn(number) and (part := next(waiting, None)) is not None:
                pieces = self._divided(part) if self.pace.is_to_be_divided(part) else [part]
                for piece in pieces:
                    yield from self._committed(committer, piece, number)
                self.pace.done()
                if self.stop.is_requested:
                    return

    def started(self, scope: Scope, parts: Receiver[Range]) -> list[Receiver[Committed]]:
        """Start the chunk workers of a step, each with one that reads ahead of it if that fits."""
        numbers = range(self.pace.workers_most)
        if not self.reads_ahead:
            return [scope.go(self.work, parts, number) for number in numbers]
        ahead = [scope.go(self.draft, parts) for _ in numbers]
        return [scope.go(self.write, drafts, n) for n, drafts in zip(numbers, ahead, strict=True)]

    @property
    def reads_ahead(self) -> bool:
        """Whether ranges are read and computed in threads beside those that write them.

        Not where a step has one chunk in flight, or as many as it finds right: then the next chunk
        begins when the one before is committed.
        """
        sink = self.plan.sink
        is_fit = isinstance(sink, ComputingSink) and sink.reads_ahead and self.timer is None
        return is_fit and self.pace.workers_fixed > 1

    def draft(self, parts: Iterable[Range]) -> Iterator[Drafted]:
        """Read and compute one range after the other, ahead of the thread that writes them.

        Args:
            parts: The ranges, shared with the other workers.
        """
        with still_heap():
            for part in parts:
                pieces = self._divided(part) if self.pace.is_to_be_divided(part) else [part]
                for piece in pieces:
                    self.stop.before_chunk(self.pace.chunk_s)
                    if self.stop.is_requested:
                        return
                    yield self._drafted_ahead(piece, is_last=piece is pieces[-1])

    def _drafted_ahead(self, part: Range, *, is_last: bool) -> Drafted:
        began_s = self.clock.monotonic_s()
        with ExitStack() as stack:
            stack.enter_context(self.in_flight.noted(Work(self.of, part)))
            draft = self.patience.until_done(partial(self._draft, part, None))
            return Drafted(part, draft, began_s, is_last, stack.pop_all())

    def write(self, drafts: Iterable[Drafted], number: int = 0) -> Iterator[Committed]:
        """Commit what another thread has drafted; what is left of it at a stop is dropped.

        Args:
            drafts: What that thread sends.
            number: The worker's, from 0.
        """
        with still_heap(), self.plan.target.writer(self.ownership) as writer:
            committer = self.committer(writer, self.pace)
            for drafted in drafts:
                if self.stop.is_requested:
                    drafted.in_hand.close()
                    continue
                yield from self._written(committer, drafted, number)
                if drafted.is_last:
                    self.pace.done()

    def _written(self, committer: Committer, drafted: Drafted, number: int) -> Iterator[Committed]:
        try:
            with drafted.in_hand:
                committed = committer.commit(drafted.draft, began_s=drafted.began_s)
        except TooSlow as slow:
            yield from self._in_parts(committer, drafted.part, slow, number)
            return
        if committed.took is not None:
            self.pace.ended(committed.took, number)
        yield committed

    def _committed(self, committer: Committer, part: Range, number: int) -> Iterator[Committed]:
        """Commit a range; in parts, if its transaction gets too slow."""
        self.stop.before_chunk(self.pace.chunk_s)
        if self.stop.is_requested:
            return
        try:
            committed = self._once(committer, part)
        except TooSlow as slow:
            yield from self._in_parts(committer, part, slow, number)
            return
        if committed.took is not None:
            self.pace.ended(committed.took, number)
        yield committed

    def _in_parts(
        self, committer: Committer, part: Range, slow: TooSlow, number: int
    ) -> Iterator[Committed]:
        self.pace.broke_off(slow)
        for piece in self._divided(part):
            yield from self._committed(committer, piece, number)

    def _divided(self, part: Range) -> list[Range]:
        """Divide a range of which no COMMIT was ever sent, as is right by now."""
        ranges = partial(self.plan.source.ranges, part, self.pace.chunk_records)
        return self.patience.until_done(lambda: list(ranges()))

    def _once(self, committer: Committer, part: Range) -> Committed:
        work = Work(self.of, part)
        watch = None if self.timer is None else ChunkWatch(work, self.timer.at_hand)
        began_s = self.clock.monotonic_s()
        with self.in_flight.noted(work), watched(watch):
            draft = self.patience.until_done(partial(self._draft, part, watch))
            return committer.commit(draft, began_s=began_s)

    def read(self, part: Range) -> ChunkInput:
        """Read a range."""
        hit("chunk.before_read")
        read = self.plan.source.read(part)
        hit("chunk.after_read")
        return read

    @property
    def _goes_raw(self) -> bool:
        """Whether nobody between the source and the database looks at values."""
        return not self.plan.stages and isinstance(self.plan.sink, RawSink)

    def _draft(self, part: Range, watch: ChunkWatch | None) -> Draft:
        read = self.read(part)
        drafted = partial(self._drafted, part, watch)
        draft, sink = drafted(read), self.plan.sink
        if read.reread is None or not isinstance(sink, ComputingSink) or not sink.tries_again:
            return draft
        return replace(draft, again=lambda origins: again(draft, origins, drafted))

    def _drafted(self, part: Range, watch: ChunkWatch | None, read: ChunkInput) -> Draft:
        if self._goes_raw and read.as_bytes is not None:
            return raw_draft_of(part, read, read.as_bytes)
        carried, units = self._carried(read, partial(self.carrier.carry, watch=watch))
        hit("chunk.after_stages")
        for failure in carried.failures:
            if isinstance(failure.error, MAY_PASS):
                raise failure.error  # no record's fault: the chunk is computed again
        if units is not None:
            return draft_of(part, read, carried, units)
        return computed_draft(part, read, carried, self.plan.sink)

    def _carried(self, read: ChunkInput, carry: Carry) -> tuple[Carried, RawUnits | None]:
        if read.as_bytes is None or not isinstance(self.plan.sink, RawSink):
            return carry(Block(list(read.values), read.origins)), None
        at_once = self.carrier.has_workers
        return carried_bytes(read.as_bytes, read.origins, carry, at_once=at_once)
