"""What a rehearsal hears of itself: chunks and ends of steps become values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ..model.fate import Counts
from ..telemetry import ChunkCommitted, Event, StepEnded
from .rehearsal import RehearsedChunk


class Hearing:
    """Collects what is measured. Subscribe `hear`."""

    def __init__(self) -> None:
        self._chunks: dict[str, list[RehearsedChunk]] = defaultdict(list)
        self.ended: dict[str, StepEnded] = {}
        """By step: how it ended."""

    def hear(self, event: Event) -> None:
        """Take an event down."""
        match event:
            case ChunkCommitted():
                self._add(event)
            case StepEnded():
                self.ended[event.step] = event
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
