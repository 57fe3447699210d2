"""What becomes of a committed chunk's marker: an event, a line in the ledger, and an estimate.

The ledger is told in batches, for the markers are the truth meanwhile. All of it is the affair of
the step's own thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..abc import Clock, RunLedger
from ..model.chunk import Marker
from ..model.eta import Eta, Growth, eta_of
from ..model.ownership import Pass
from ..model.progress import Measurement
from ..telemetry import ChunkCommitted, Estimated, Telemetry
from .expecting import Expecting
from .knob_notes import KnobNotes

LEDGER_EVERY_S: Final = 1.0
"""How long committed chunks may wait to be written down, and how often an estimate is made."""


class ChunkNotes:
    """Tells of the chunks of one attempt at a step.

    Args:
        of: The pass.
        ledger: Of the run.
        clock: Of the run.
        telemetry: Hears of each chunk, and about once a second how long the rest takes.
        knobs: Are noted on the way.
    """

    def __init__(
        self,
        of: Pass,
        *,
        ledger: RunLedger,
        clock: Clock,
        telemetry: Telemetry,
        knobs: KnobNotes,
    ) -> None:
        self._of = of
        self._ledger = ledger
        self._clock = clock
        self._telemetry = telemetry
        self._knobs = knobs
        self._unwritten: list[Measurement] = []
        self._written_at_s = clock.monotonic_s()
        self._eta: Eta | None = None
        self._expecting: Expecting | None = None

    def begin(
        self,
        total: int | None,
        chunks: Iterable[Marker],
        growth: Growth | None,
        expecting: Expecting | None = None,
    ) -> None:
        """Take in what earlier attempts committed, and write down what they could not any more.

        Args:
            total: Input records in all, where known.
            chunks: The markers that there are.
            growth: What past runs say of the step.
            expecting: Has an idea of how many there are, where that is not known; without either
                nothing can be estimated.
        """
        markers = list(chunks)
        if markers:
            self._ledger.measure(self._of, [measurement_of(marker) for marker in markers])
        self._expecting = expecting
        if total or expecting is not None:
            took = ((m.counts.read, m.committed_at, m.duration_s) for m in markers)
            self._eta = eta_of(total or 0, took, growth)

    def heard(self, marker: Marker) -> None:
        """Tell of a chunk that was committed just now."""
        self._unwritten.append(measurement_of(marker))
        if self._eta is not None:
            ended_s = marker.committed_at.timestamp()
            self._eta = self._eta.heard(marker.counts.read, ended_s, marker.duration_s)
        if self._expecting is not None:
            self._expecting.heard(marker)
        self._telemetry.publish(
            ChunkCommitted(
                at=marker.committed_at,
                step=self._of.step,
                part=str(marker.part),
                counts=marker.counts,
                bytes_read=marker.bytes_read,
                duration_s=marker.duration_s,
            )
        )
        if self._clock.monotonic_s() - self._written_at_s >= LEDGER_EVERY_S:
            self.write_down()
            self._tell()
        self._knobs.note()

    def write_down(self) -> None:
        """Write what was heard into the ledger."""
        if self._unwritten:
            self._ledger.measure(self._of, self._unwritten)
            self._unwritten = []
        self._written_at_s = self._clock.monotonic_s()

    def close(self) -> None:
        """Write down what is left."""
        self.write_down()
        self._knobs.note(at_once=True)

    def _tell(self) -> None:
        if self._eta is not None and self._expecting is not None:
            left = self._expecting.left()
            if left is None:
                return
            self._eta = self._eta.expecting(*left)
        estimate = None if self._eta is None else self._eta.estimate()
        if self._eta is None or estimate is None:
            return
        self._telemetry.publish(
            Estimated(
                at=self._clock.now(),
                step=self._of.step,
                done=self._eta.done,
                total=self._eta.total,
                remaining_s=estimate.remaining_s,
                low_s=estimate.low_s,
                high_s=estimate.high_s,
                safe_s=estimate.safe_s,
                law=estimate.law,
                is_firm=estimate.is_firm,
                is_about=estimate.is_about,
            )
        )


def measurement_of(marker: Marker) -> Measurement:
    """Return what the ledger keeps of a committed chunk."""
    return Measurement(
        marker.part, marker.counts, marker.bytes_read, marker.duration_s, marker.committed_at
    )
