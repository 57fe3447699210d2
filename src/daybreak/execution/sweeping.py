"""Sweeps: a step whose effect takes rows out of its query reads it again until it gives none.

Rows may appear behind the walk, and others are left alone because somebody changed them meanwhile.
A sweep lengthens the chain of the step's pass, in the ledger, before any of its ranges begins: so
markers, proof, replay and totals see one chain, however many sweeps it has (PROTOCOL.md 5).

What was done must not be done again by a sweep. So each chunk looks, in its own transaction,
whether the rows that it wrote have left the query; if some have not, there is no sweep, and what
remains is said.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, TypeVar

from ..abc import RunLedger, SweepingSink, SweptSource, Transaction
from ..model.chunk import Marker
from ..model.ownership import Pass
from ..model.progress import REMAINING, SWEEPS, SWEPT, Accepted, StepRow
from ..model.ranges import Range
from .draft import Draft, origins_of
from .plan import ChunkedPlan
from .proof import sum_of
from .whole import Admitted

T = TypeVar("T")

SWEEPS_MAX: Final = 3
"""How often a source is read again; then it is said how many rows remain."""


LOOKED_AT_MAX: Final = 100
"""Rows of a chunk of which it is asked, once they are written, whether the query gives them."""


class Patiently(Protocol):
    """Does something until the database can."""

    def __call__(self, act: Callable[[], T], /) -> T:
        """Return what it gave."""
        ...


def swept_source(plan: ChunkedPlan) -> SweptSource | None:
    """Return the source of a step that sweeps; None if it does not."""
    sink, source = plan.sink, plan.source
    is_swept = isinstance(sink, SweepingSink) and sink.sweeps
    return source if is_swept and isinstance(source, SweptSource) else None


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be swept."""

    stretch: Range | None
    """What the next sweep adds; None if there is nothing more to sweep."""

    rows: int | None = None
    """How many rows the query gives, where that was counted last."""


@dataclass(frozen=True, slots=True)
class Sweeping:
    """The sweeps of one step in one attempt."""

    plan: ChunkedPlan
    source: SweptSource
    of: Pass
    ledger: RunLedger
    patiently: Patiently
    say: Callable[[str, Mapping[str, Any]], None]

    def leave_out_decided(self) -> None:
        """Let no sweep take a row again whose record is in quarantine."""
        run_key = self.ledger.ownership.run_key
        kept = self.patiently(lambda: self.plan.target.kept(run_key, self.of))
        self.source.leave_out(kept)

    def due(self, row: StepRow, chunks: Sequence[Marker]) -> Due:
        """Return what the next sweep adds.

        Args:
            row: The step, whose chain is closed.
            chunks: Its markers.
        """
        assert row.whole is not None
        number, after = len(row.ends) + 1, row.whole.upto
        if number > SWEEPS_MAX or not self._is_worth_it(row, chunks):
            return Due(None)
        rows = self.patiently(self.source.count)  # sooner than the walk of the whole index
        if not rows:
            return Due(None, rows)
        self.leave_out_decided()
        return Due(self.patiently(lambda: self.source.sweep(number, after)))

    def _is_worth_it(self, row: StepRow, chunks: Sequence[Marker]) -> bool:
        """Say whether a sweep would do something, and nothing twice."""
        stayed, of = _stayed(chunks)
        if stayed:
            self.say(
                f"no sweep: {stayed:,} of {of:,} rows looked at are still given by the query"
                " after they were written, so that they would be done again",
                {},
            )
            return False
        last = sum_of(_last_stretch(row, chunks))
        return not row.ends or last.passed > 0 or last.superseded > 0

    def begin(self, row: StepRow, stretch: Range) -> StepRow:
        """Lengthen the chain by a sweep, durably, and say so."""
        assert row.whole is not None
        whole = Range(row.whole.after, stretch.upto)
        facts = {**(row.fingerprint or {}), SWEEPS: [*row.ends, row.whole.upto]}
        longer = Accepted(whole, row.total, facts, row.upstream)
        number = len(row.ends) + 1
        self.ledger.accept(row.step, longer, what=SWEPT, number=number)
        self.say(f"sweep {number}: the query still gives rows", {})
        return replace(row, whole=whole, fingerprint=facts)

    def end(self, row: StepRow, rows: int | None = None) -> None:
        """Say what the query still gives: the proof that the step is complete.

        Args:
            row: The step.
            rows: How many rows those are; counted unless it is given.
        """
        if rows is None:
            rows = self.patiently(self.source.count)
        if rows:
            self.leave_out_decided()
        quarantined = self.patiently(self.source.count_left_out) if rows else 0
        fields = {"rows": rows, "quarantined": quarantined, "sweeps": len(row.ends)}
        self.ledger.note(REMAINING, step=row.step, **fields)
        self.say(remaining_text(rows, quarantined), fields)


class Look(Protocol):
    """Looks, in a chunk's transaction, whether what was written has left the query."""

    def __call__(self, tx: Transaction, draft: Draft, admitted: Admitted, /) -> str | None:
        """Return what the chunk's marker keeps of it."""
        ...


def look_of(plan: ChunkedPlan) -> Look | None:
    """Return what looks at the chunks of a step that sweeps; None for any other."""
    source = swept_source(plan)
    if source is None:
        return None

    def look(tx: Transaction, draft: Draft, admitted: Admitted) -> str | None:
        gone = {unit.origin for unit, _ in admitted.refused}
        gone |= {unit.origin for unit in admitted.superseded}
        passed = origins_of(draft.units)
        if gone:
            passed = [origin for origin in passed if origin not in gone]
        some = passed[:: 1 + len(passed) // LOOKED_AT_MAX]
        if not some:
            return None
        rows = draft.input.rows
        assert rows is not None, "what is swept is the rows of a query"
        stayed = source.still_given(tx, [rows[origin] for origin in some])
        return json.dumps({"stayed": stayed, "of": len(some)})

    return look


def _stayed(chunks: Sequence[Marker]) -> tuple[int, int]:
    """Return how many of the rows looked at were still given by the query, and of how many."""
    found = [json.loads(marker.value) for marker in chunks if marker.value]
    return sum(one["stayed"] for one in found), sum(one["of"] for one in found)


def remaining_text(rows: int, quarantined: int) -> str:
    """Say for people what a query still gives after the last sweep."""
    if not rows:
        return "nothing remains: the query gives no row any more"
    of_these = f", {quarantined:,} of them in quarantine" if quarantined else ""
    return f"{rows:,} {'row remains' if rows == 1 else 'rows remain'} in the query{of_these}"


def _last_stretch(row: StepRow, chunks: Sequence[Marker]) -> list[Marker]:
    """Return the markers of the last sweep, or of the walk, of a closed chain."""
    assert row.whole is not None
    by_start = {marker.part.after: marker for marker in chunks}
    place = row.ends[-1] if row.ends else row.whole.after
    found = []
    while place != row.whole.upto and place in by_start:
        found.append(by_start.pop(place))
        place = found[-1].part.upto
    return found
