"""What a rehearsal hears of itself: chunks and ends of steps become values."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ..model.fate import Counts
from ..telemetry import ChunkCommitted, Event, StepEnded, StepStarted
from .processors import Ticks, ticks
from .rehearsal import RehearsedChunk


@dataclass(frozen=True, slots=True)
class Used:
    """What was used of processors while a step was at work."""

    processor_s: float
    """By this process."""

    machine_busy: float | None
    """The share of all processors of this machine, by whomever; None where it is not told."""


def _used_since(processor_s: float, before: Ticks | None) -> Used:
    now = ticks()
    busy = None if now is None or before is None else now.busy_since(before)
    return Used(time.process_time() - processor_s, busy)


class Hearing:
    """Collects what is measured. Subscribe `hear`."""

    def __init__(self) -> None:
        self._chunks: dict[str, list[RehearsedChunk]] = defaultdict(list)
        self.ended: dict[str, StepEnded] = {}
        """By step: how it ended."""

        self._began: dict[str, tuple[float, Ticks | None]] = {}
        self.used: dict[str, Used] = {}
        """By step: what it used of processors."""

        self.at_work: str | None = None
        """The step that began last, as long as it is at work."""

    def hear(self, event: Event) -> None:
        """Take an event down."""
        match event:
            case ChunkCommitted():
                self._add(event)
            case StepStarted():
                self.at_work = event.step
                self._began[event.step] = time.process_time(), ticks()
            case StepEnded():
                self.ended[event.step] = event
                self.at_work = None
                if event.step in self._began:
                    self.used[event.step] = _used_since(*self._began[event.step])
            case _:
                pass

    def _add(self, event: ChunkCommitted) -> None:
        chunks = self._chunks[event.step]
        records, seconds = event.counts.read, event.duration_s
        if chunks:
            records += chunks[-1].records_upto
            seconds += chunks[-1].duration_upto_s
        chunks.append(
            RehearsedChunk(
                part=event.part,
                counts=event.counts,
                bytes_read=event.bytes_read,
                duration_s=event.duration_s,
                records_upto=records,
                duration_upto_s=seconds,
            )
        )

    def chunks(self, step: str) -> Sequence[RehearsedChunk]:
        """Return the chunks of a step, in the order in which they came."""
        return tuple(self._chunks[step])

    def counts(self, step: str) -> Counts:
        """Return the fates of a step's records, as far as it came."""
        return sum((chunk.counts for chunk in self._chunks[step]), Counts())
