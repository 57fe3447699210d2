"""Committing one chunk: fence, marker, data, quarantine and counts as one fact (PROTOCOL.md 3).

What the stages computed is kept until it is committed: when the database says "not now", the write
is repeated, never the stages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias, TypeVar

from ..abc import ChunkWriter, Clock, RecordRefused, RuledSink, Sink, Transaction
from ..errors import DataRefused, DaybreakError, ProofFailed, TransientError
from ..faultpoints import hit
from ..model.chunk import Marker, SetAside
from ..model.chunk_size import ChunkTook
from ..model.fate import Counts
from ..model.ownership import Pass
from .bad_budget import BadBudget
from .draft import Draft, Unit
from .isolator import Isolator
from .pace import Pace
from .patience import MAY_PASS, Patience, Tries
from .pieces import Writes
from .second_try import ReadAgain
from .whole import Admitted, Refusals, write_whole

T = TypeVar("T")
Refusal: TypeAlias = RecordRefused | DataRefused


@dataclass(frozen=True, slots=True)
class Committed:
    """A chunk that is durable."""

    marker: Marker
    causes: Counter[str]
    """Why records were set aside."""

    was_committed: bool = False
    """Whether an earlier try, whose answer was lost, had committed it."""

    took: ChunkTook | None = None
    """What it took; None if that is not known."""


def until_durable(
    once: Callable[[Refusal | None], T],
    writer: ChunkWriter,
    patience: Patience,
    troubled: Callable[[DaybreakError], None] = lambda _error: None,
) -> T:
    """Make a transaction durable; try again while the database says "not now".

    Args:
        once: Tries it from its beginning to its commit; told what an earlier try was refused for.
        writer: Rolls back what failed.
        patience: How long a database that does not answer is waited for.
        troubled: Is told of what is to be waited out, before it is.

    Raises:
        LeaseLost: If another process owns the run. It was rolled back.
        TransientError: If patience ran out. It was rolled back.
    """
    tries = Tries(patience)
    refusal: Refusal | None = None
    while True:
        try:
            return once(refusal)
        except (RecordRefused, DataRefused) as refused:
            writer.rollback()
            if refusal is not None:
                raise
            refusal = refused
        except MAY_PASS as error:
            writer.rollback()
            troubled(error)
            tries.wait_after(error)
        except BaseException:
            writer.rollback()
            raise


def write_units(
    writer: ChunkWriter,
    sink: Sink,
    units: Sequence[Unit],
    refusal: Refusal | None,
    *,
    expected: DataRefused | None = None,
    refuse_excess: Callable[[Refusals], None] | None = None,
    writes: Writes | None = None,
) -> Admitted:
    """Write units in the open transaction: whole, unless that was refused, or is likely to be.

    Args:
        writer: Whose transaction it is.
        sink: Where they go.
        units: In source order.
        refusal: What an earlier try was refused for.
        expected: What others like them were refused for.
        refuse_excess: Raises if so many are too many.
        writes: Writes those that are not suspected; all at once unless it is given.
    """
    hit("chunk.before_write")
    if refusal is None and expected is None:
        admitted = (writes or write_whole)(writer, sink, units)
    else:
        hit("chunk.before_isolation")
        admitted = Isolator(writer, sink, refuse_excess).admit(units, refusal, expected=expected)
        hit("chunk.after_isolation")
    hit("chunk.after_write")
    return admitted


class Committer:
    """Commits the chunks of one worker, one after the other."""

    def __init__(
        self,
        writer: ChunkWriter,
        sink: Sink,
        of: Pass,
        *,
        epoch: int,
        budget: BadBudget,
        clock: Clock,
        patience: Patience | None = None,
        look: Callable[[Transaction, Draft, Admitted], str | None] | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._writer = writer
        self._sink = sink
        self._pass = of
        self._epoch = epoch
        self._budget = budget
        self._clock = clock
        self._patience = patience or Patience(clock)
        self._look = look
        self._pace = pace
        self._has_had_trouble = False
        """Whether a try of this chunk failed: its COMMIT may have been on its way."""

        self._expected: DataRefused | None = None
        """For what the chunk before was refused: this one is asked about it before it is tried."""

    def commit(self, draft: Draft, *, began_s: float) -> Committed:
        """Make a chunk durable; try again while the database says "not now".

        Args:
            draft: What the stages made of the range.
            began_s: When the chunk was begun, on the monotonic clock.

        Raises:
            LeaseLost: If another process owns the run. The chunk was rolled back.
            TooManyBadRecords: The chunk was rolled back.
            TransientError: If patience ran out. The chunk was rolled back.
            TooSlow: If the pace has it broken off. It was rolled back; no COMMIT was ever sent.
        """
        self._has_had_trouble = False
        try:
            return self._durable(draft, began_s)
        except ReadAgain as left:
            assert draft.again is not None
            remade = partial(draft.again, left.origins)
            return self._durable(self._patience.until_done(remade), began_s)

    def _durable(self, draft: Draft, began_s: float) -> Committed:
        return until_durable(
            lambda refusal: self._once(draft, began_s, refusal),
            self._writer,
            self._patience,
            self._troubled,
        )

    def _writes(self, open_s: float, draft: Draft) -> Writes | None:
        """Return what may break the transaction off: not where a COMMIT may have been sent."""
        if self._pace is None or self._has_had_trouble:
            return None
        return self._pace.writes(open_s, draft.input.read)

    def _troubled(self, error: DaybreakError) -> None:
        self._has_had_trouble = True
        if self._pace is not None:
            self._pace.trouble(error)

    def _once(self, draft: Draft, began_s: float, refusal: Refusal | None) -> Committed:
        writer, part = self._writer, draft.part
        hit("chunk.before_marker")
        if not writer.begin(self._pass, part):
            return self._committed_before(draft)
        open_s = self._clock.monotonic_s()
        hit("chunk.after_marker")
        admitted = write_units(
            self._writer,
            self._sink,
            draft.units,
            refusal,
            expected=self._expected,
            refuse_excess=partial(self._refuse_excess, draft),
            writes=self._writes(open_s, draft),
        )
        if admitted.superseded and draft.again is not None:
            raise ReadAgain([unit.origin for unit in admitted.superseded])
        self._expected = admitted.commonest_rule if isinstance(self._sink, RuledSink) else None
        set_aside = [
            *draft.set_aside,
            *(draft.aside(unit, self._sink.name, error) for unit, error in admitted.refused),
        ]
        self._budget.charge(set_aside, read=draft.input.read)
        try:
            marker = self._finish(draft, admitted, set_aside, began_s)
        except BaseException:
            self._budget.refund(set_aside, read=draft.input.read)
            raise
        now_s = self._clock.monotonic_s()
        took = ChunkTook(draft.input.read, now_s - open_s, now_s - began_s, draft.input.bytes_read)
        return Committed(marker, Counter(record.reason for record in set_aside), took=took)

    def _refuse_excess(self, draft: Draft, refused: Refusals) -> None:
        bad = [draft.aside(unit, self._sink.name, error) for unit, error in refused]
        self._budget.refuse_excess([*draft.set_aside, *bad], read=draft.input.read)

    def _finish(
        self, draft: Draft, admitted: Admitted, set_aside: Sequence[SetAside], began_s: float
    ) -> Marker:
        value = None
        if self._look is not None:
            value = self._look(self._writer.transaction, draft, admitted)
        quarantined = 0
        if set_aside:
            hit("chunk.before_quarantine")
            quarantined = self._writer.quarantine(self._pass, draft.part, set_aside)
            hit("chunk.after_quarantine")
        marker = replace(self._marker(draft, admitted, quarantined, began_s), value=value)
        hit("chunk.before_commit")
        self._writer.commit(self._pass, marker)
        hit("chunk.after_commit")
        return marker

    def _marker(self, draft: Draft, admitted: Admitted, quarantined: int, began_s: float) -> Marker:
        counts = Counts(
            read=draft.input.read,
            passed=admitted.passed,
            filtered=draft.filtered,
            quarantined=quarantined,
            superseded=len(admitted.superseded),
            written=admitted.written,
        )
        if not counts.is_balanced:
            raise ProofFailed(
                f"the records of range {draft.part} do not add up: {counts}",
                hint="a record was lost or doubled on its way; the chunk was rolled back",
            )
        return Marker(
            part=draft.part,
            epoch=self._epoch,
            counts=counts,
            bytes_read=draft.input.bytes_read,
            digest=draft.input.digest,
            duration_s=self._clock.monotonic_s() - began_s,
            committed_at=self._clock.now(),
            refused=sum(record.by_check for record in draft.input.refused),
        )

    def _committed_before(self, draft: Draft) -> Committed:
        """Take the marker of an earlier try of this epoch, whose answer was lost."""
        marker = self._writer.stored(self._pass, draft.part)
        self._writer.rollback()
        if marker is None:
            raise TransientError(f"the marker of range {draft.part} came and went")
        if marker.part != draft.part:
            raise ProofFailed(
                f"range {draft.part} is committed as {marker.part}: it was cut differently",
                hint="this is a defect of Daybreak or of the target's markers; nothing was written",
            )
        bad = marker.counts.quarantined - marker.refused
        self._budget.committed(bad=bad, read=marker.counts.read)
        return Committed(marker, Counter(), was_committed=True)
