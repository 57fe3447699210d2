"""Doing a range alone whose process died in it: the record that kills names itself by its death.

Nothing else is at work in the process then, and what is at hand is noted before it begins: each
record in the stages, and in a sink that takes a chunk at once each of the parts in which it is
given one. At the next attempt the records of the part in which the process died are tried one by
one, which names one of them; at the one behind that, this one by itself. It is set aside if it
kills again. Writes that only try are rolled back (PROTOCOL.md 6).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from math import isqrt
from typing import Final

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
from .isolator import Isolator
from .record_watch import ChunkWatch, at_hand_until_done, watched
from .whole import write_whole

ONE_BY_ONE_MAX: Final = 1_000
"""So many records are given to a sink one by one: more take longer than one more death, which costs
the start of a process."""


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
        guilty = {one.named.origin for one in suspect.guilty}
        if suspect.candidate is not None:
            is_one = suspect.candidate.count == 1
            shared.in_flight.tried(watch.work, Trial.ONE_RECORD if is_one else Trial.ALONE)
            self._try_some(suspect.part, {*suspect.candidate.origins} - guilty, writer, watch)
            shared.in_flight.survived(watch.work)
        shared.in_flight.tried(watch.work, Trial.ALONE)
        read = shared.read(suspect.part)
        aside = [_aside(read, one) for one in suspect.guilty]
        shared.budget.refuse_excess(aside, read=read.read)  # or every record might kill, one by one
        innocent = _chosen(read, lambda origin: origin not in guilty)
        draft = self._draft(suspect.part, read, innocent, watch)
        if not isinstance(shared.plan.sink, TellingSink):
            self._try_sink(writer, draft.units, suspect.part, watch)
        return replace(draft, set_aside=[*draft.set_aside, *aside])

    def _try_some(
        self, part: Range, origins: Container[int], writer: ChunkWriter, watch: ChunkWatch
    ) -> None:
        """Take some records of a range through the stages and into the sink, and undo it."""
        hit("alone.before_record")
        read = self.worker.read(part)
        draft = self._draft(part, read, _chosen(read, origins.__contains__), watch)
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
        """Have the sink write one part after the other, and undo all of it.

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
                for some in _parts(units):
                    _try_part(writer, self.worker.plan.sink, some, watch)
                hit("alone.after_sink")
        finally:
            writer.rollback()


def _parts(units: Sequence[Unit]) -> Iterator[Sequence[Unit]]:
    """Divide units into parts of one; if they are many, into as many parts as each has units."""
    size = 1 if len(units) <= ONE_BY_ONE_MAX else isqrt(len(units))
    return (units[start : start + size] for start in range(0, len(units), size))


def _try_part(writer: ChunkWriter, sink: Sink, units: Sequence[Unit], watch: ChunkWatch) -> None:
    if len(units) == 1:
        _try_unit(writer, sink, units[0], watch)
        return
    first, last = units[0].origin, units[-1].origin
    watch.began_several(sink.name, first, last - first + 1)
    with at_hand_until_done(watch):
        Isolator(writer, sink).admit(units)  # what is refused hides nobody behind it


def _try_unit(writer: ChunkWriter, sink: Sink, unit: Unit, watch: ChunkWatch) -> None:
    watch.began(sink.name, unit.origin)
    with (
        at_hand_until_done(watch),
        suppress(RecordRefused, DataRefused),  # no reason to die; refused again when it counts
        writer.savepoint(),
    ):
        write_whole(writer, sink, [unit])


def _chosen(read: ChunkInput, is_chosen: Callable[[int], bool]) -> Block[object]:
    """Choose some records of what was read."""
    pairs = [
        (value, origin)
        for value, origin in zip(read.values, read.origins, strict=True)
        if is_chosen(origin)
    ]
    return Block([value for value, _ in pairs], [origin for _, origin in pairs])


def _aside(read: ChunkInput, guilty: Guilty) -> SetAside:
    origin, place = guilty.named.origin, guilty.named.place
    return SetAside(origin, read.cursor(origin), place, guilty.reason, {}, read.raw(origin))
