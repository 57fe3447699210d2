"""Doing a range alone whose process died in it: the record that kills names itself by its death.

Nothing else is at work in the process then, and every record is noted before it begins. A record
at which the process died is tried by itself at the next attempt; it is set aside if that kills
again. Writes that only try are rolled back (PROTOCOL.md 6).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial

from ..abc import ChunkWriter, RecordRefused, Sink, TellingSink
from ..errors import DataRefused, ProcessDied
from ..faultpoints import hit
from ..model.chunk import ChunkInput, SetAside
from ..model.deaths import Guilty, Suspect, Trial, Work
from ..model.ranges import Range
from ..pipeline import Block, carrier
from .chunk_worker import ChunkWorker
from .committer import Committed
from .computing import computed_draft
from .draft import Draft, Unit
from .record_watch import ChunkWatch, at_hand_until_done, watched
from .whole import write_whole


@dataclass(frozen=True, slots=True)
class AloneWorker:
    """Brings suspects to their commit, one after the other."""

    worker: ChunkWorker
    """What it shares with the workers of the step."""

    on_try: Callable[[Suspect], None]
    """Is told of a range before it is tried."""

    def work(self, suspects: Sequence[Suspect]) -> Iterator[Committed]:
        """Commit one suspect after the other, without its guilty records.

        Raises:
            ProcessDied: If a range kills, and no record of it does so by itself.
        """
        shared = self.worker
        with shared.plan.target.writer(shared.ownership) as writer:
            committer = shared.committer(writer)
            for suspect in suspects:
                if shared.stop.is_requested:
                    return
                self._refuse_hopeless(suspect)
                self.on_try(suspect)
                began_s = shared.clock.monotonic_s()
                with self._watch(suspect.part) as watch, watched(watch):
                    draft = self._tried(suspect, writer, watch)
                    committed = committer.commit(draft, began_s=began_s)
                yield committed

    def _refuse_hopeless(self, suspect: Suspect) -> None:
        if not (suspect.is_hopeless and self.worker.in_flight.follows_a_death):
            return
        step = self.worker.of.step
        named = "" if suspect.guilty else ", and no record of it does so by itself"
        raise ProcessDied(
            f"range {suspect.part} of step {step} killed its process {suspect.deaths} times{named}",
            hint="see the log for how it died; give it fewer records at once"
            f" (--set {step}.chunk=N), or more memory",
            step=step,
        )

    @contextmanager
    def _watch(self, part: Range) -> Iterator[ChunkWatch]:
        shared = self.worker
        work = Work(shared.of, part)
        at_hand = {} if shared.timer is None else shared.timer.at_hand
        with shared.in_flight.noted(work), shared.in_flight.record_file() as file:
            yield ChunkWatch(work, at_hand, file)

    def _tried(self, suspect: Suspect, writer: ChunkWriter, watch: ChunkWatch) -> Draft:
        """Take a range through the stages; whatever kills on the way has been noted before."""
        shared = self.worker
        if suspect.candidate is not None:
            shared.in_flight.tried(watch.work, Trial.ONE_RECORD)
            self._try_one(suspect.part, suspect.candidate.origin, writer, watch)
            shared.in_flight.survived(watch.work)
        shared.in_flight.tried(watch.work, Trial.ALONE)
        read = shared.read(suspect.part)
        aside = [_aside(read, guilty) for guilty in suspect.guilty]
        shared.budget.refuse_excess(aside, read=read.read)  # or every record might kill, one by one
        innocent = _without(read, [guilty.named.origin for guilty in suspect.guilty])
        draft = self._draft(suspect.part, read, innocent, watch)
        if not isinstance(shared.plan.sink, TellingSink):
            self._try_sink(writer, draft.units, suspect.part, watch)
        return replace(draft, set_aside=[*draft.set_aside, *aside])

    def _try_one(self, part: Range, origin: int, writer: ChunkWriter, watch: ChunkWatch) -> None:
        """Take one record through the stages and into the sink, and undo it."""
        hit("alone.before_record")
        read = self.worker.read(part)
        others = [other for other in read.origins if other != origin]
        draft = self._draft(part, read, _without(read, others), watch)
        self._try_sink(writer, draft.units, part, watch)
        hit("alone.after_record")

    def _draft(
        self, part: Range, read: ChunkInput, block: Block[object], watch: ChunkWatch
    ) -> Draft:
        shared = self.worker
        with carrier(shared.carrier.scope, shared.plan.stages, alone=True) as alone:
            carried = alone.carry(block, watch=watch)
        hit("chunk.after_stages")
        return computed_draft(part, read, carried, shared.plan.sink)

    def _try_sink(
        self, writer: ChunkWriter, units: Sequence[Unit], part: Range, watch: ChunkWatch
    ) -> None:
        """Have the sink write one record after the other, and undo all of it.

        A sink that takes a chunk at once would not say at which of its records it died.
        """
        once = partial(self._try_sink_once, writer, units, part, watch)
        self.worker.patience.until_done(once)

    def _try_sink_once(
        self, writer: ChunkWriter, units: Sequence[Unit], part: Range, watch: ChunkWatch
    ) -> None:
        try:
            if writer.begin(self.worker.of, part):
                hit("alone.before_sink")
                for unit in units:
                    _try_unit(writer, self.worker.plan.sink, unit, watch)
                hit("alone.after_sink")
        finally:
            writer.rollback()


def _try_unit(writer: ChunkWriter, sink: Sink, unit: Unit, watch: ChunkWatch) -> None:
    watch.began(sink.name, unit.origin)
    with (
        at_hand_until_done(watch),
        suppress(RecordRefused, DataRefused),  # no reason to die; refused again when it counts
        writer.savepoint(),
    ):
        write_whole(writer, sink, [unit])


def _without(read: ChunkInput, origins: Sequence[int]) -> Block[object]:
    """Leave records out; what was read stays the whole of it."""
    left_out = set(origins)
    pairs = [
        (value, origin)
        for value, origin in zip(read.values, read.origins, strict=True)
        if origin not in left_out
    ]
    return Block([value for value, _ in pairs], [origin for _, origin in pairs])


def _aside(read: ChunkInput, guilty: Guilty) -> SetAside:
    origin, place = guilty.named.origin, guilty.named.place
    return SetAside(origin, read.cursor(origin), place, guilty.reason, {}, read.raw(origin))
